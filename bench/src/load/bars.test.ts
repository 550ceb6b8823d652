import assert from 'node:assert/strict'
import { atLeast, atMost } from './bars.ts'

describe('bars', () => {
  it('are met at the bar itself', () => {
    assert.equal(atLeast('x', 0.8, 0.8).met, true)
    assert.equal(atMost('x', 4, 4).met, true)
  })

  it('are missed on the other side', () => {
    assert.equal(atLeast('x', 0.79, 0.8).met, false)
    assert.equal(atMost('x', 4.01, 4).met, false)
  })

  for (const value of [null, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`are missed by ${value}, which is told as null`, () => {
      for (const bar of [atLeast('x', value, 0), atMost('x', value, 1)]) {
        assert.deepEqual({ value: bar.value, met: bar.met }, { value: null, met: false })
      }
    })
  }
})
