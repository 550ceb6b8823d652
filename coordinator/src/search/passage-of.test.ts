import assert from 'node:assert/strict'
import { passageOf } from './passage-of.ts'

describe('the passage of a hit', () => {
  it('is told in code points, with its own text', () => {
    assert.deepEqual(passageOf({ begin: 2, end: 5 }, '🦊🦊abc🦊'), { begin: 2, end: 5, text: 'abc' })
  })

  it('has no text where only ids are asked for, and an empty one where the title alone is meant', () => {
    assert.deepEqual(passageOf({ begin: 2, end: 5 }, undefined), { begin: 2, end: 5 })
    assert.deepEqual(passageOf({ begin: 0, end: 0 }, 'abc'), { begin: 0, end: 0, text: '' })
  })
})
