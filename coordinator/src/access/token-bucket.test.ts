import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { TokenBucket } from './token-bucket.ts'

describe('a bucket of tokens', () => {
  it('lets no more pass in any time than the burst, its rate and one cost', () => {
    const step = fc.record({ waitMs: fc.nat(3_000), cost: fc.integer({ min: 1, max: 30 }), really: fc.nat(60) })
    const units = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(units, units, fc.array(step, { maxLength: 60 }), (rate, burst, steps) => {
        let nowMs = 0
        const bucket = new TokenBucket({ rate, burst }, { now: () => 0, monotonicMs: () => nowMs })
        const passed: { atMs: number; cost: number }[] = []
        for (const { waitMs, cost, really } of steps) {
          nowMs += waitMs
          if (bucket.take(cost) > 0) continue
          bucket.correct(really - cost)
          passed.push({ atMs: nowMs, cost: really })
        }
        for (const [from, first] of passed.entries()) {
          let sum = 0
          for (const { atMs, cost } of passed.slice(from)) {
            const bound = burst + (rate * (atMs - first.atMs)) / 1_000
            assert.ok(sum <= bound + 1e-6, `${sum} before ${atMs} ms, at most ${bound}`)
            sum += cost
          }
        }
      }),
      { numRuns: casesOf({ usual: 300, thorough: 10_000 }) },
    )
  })

  it('lets pass what it refused, once the time that it said is over', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        fc.array(fc.double({ min: 0.01, max: 1e7, noNaN: true }), { maxLength: 20 }),
        (rate, costs) => {
          let nowMs = 0
          const bucket = new TokenBucket({ rate, burst: rate }, { now: () => 0, monotonicMs: () => nowMs })
          for (const cost of costs) {
            const waitMs = bucket.take(cost)
            if (waitMs === 0) continue
            nowMs += Math.ceil(waitMs)
            assert.equal(bucket.take(cost), 0)
          }
        },
      ),
    )
  })
})
