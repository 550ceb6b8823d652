import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Arrivals } from './arrivals.ts'

describe('arrivals', () => {
  it('come at even distances from the start', () => {
    assert.deepEqual(new Arrivals(1_000, 4).takeDue(2_000), [1_000, 1_250, 1_500, 1_750, 2_000])
  })

  it('are the same however late they are looked at: who comes late finds all that were due', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.array(fc.nat(400), { maxLength: 20 }), (perSecond, waits) => {
        const often = new Arrivals(0, perSecond)
        const once = new Arrivals(0, perSecond)
        let nowMs = 0
        const taken = waits.flatMap(waitMs => {
          nowMs += waitMs
          return often.takeDue(nowMs)
        })
        assert.deepEqual(waits.length === 0 ? [] : once.takeDue(nowMs), taken)
      }),
    )
  })

  it('tell when the next is due', () => {
    const arrivals = new Arrivals(0, 10)
    arrivals.takeDue(350)
    assert.equal(arrivals.nextMs, 400)
  })
})
