import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fromCodePoints, toCodePoints } from './text-offsets.ts'

describe('places in a text', () => {
  it('count a picture as one character', () => {
    assert.deepEqual(toCodePoints('a🦊b', [4, 0, 1, 3]), [3, 0, 1, 2])
    assert.deepEqual(fromCodePoints('a🦊b', [3, 0, 1, 2]), [4, 0, 1, 3])
  })

  it('are the same in a text without pairs, and end where it ends', () => {
    assert.deepEqual(toCodePoints('über', [2, 4]), [2, 4])
    assert.deepEqual(fromCodePoints('über', [2, 9]), [2, 4])
    assert.deepEqual(fromCodePoints('🦊', [9]), [2])
  })

  it('give the slices that code points give', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 30 })
    fc.assert(
      fc.property(texts, fc.nat(30), fc.nat(30), (text, one, other) => {
        const points = [...text]
        const [begin, end] = [Math.min(one, other), Math.max(one, other)].map(place => Math.min(place, points.length))
        const units = fromCodePoints(text, [begin!, end!])
        assert.equal(text.slice(...units), points.slice(begin, end).join(''))
        assert.deepEqual(toCodePoints(text, units), [begin, end])
      }),
    )
  })
})
