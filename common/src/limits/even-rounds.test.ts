import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { EvenRounds } from './even-rounds.ts'

const named = (count: number) => Array.from({ length: count }, (_, at) => `thing ${String(at).padStart(4, '0')}`)

/** What is taken in each of so many ticks of a second. */
function ticks(
  rounds: EvenRounds,
  things: string[],
  { seconds, everyMs = 60_000 }: { seconds: number; everyMs?: number },
) {
  return Array.from({ length: seconds + 1 }, (_, at) => rounds.take(things, at * 1_000, everyMs))
}

describe('rounds over many things', () => {
  it('take each thing once in an interval, spread evenly over it', () => {
    const things = named(20)
    const taken = ticks(new EvenRounds(), things, { seconds: 60 })
    assert.deepEqual(taken.flat().sort(), things)
    for (let at = 0; at + 3 < taken.length; at += 3) assert.ok(taken.slice(at, at + 3).flat().length <= 2)
  })

  it('take no more than five a second of however many, and each in its turn', () => {
    const things = named(3_000)
    const taken = ticks(new EvenRounds(), things, { seconds: 600 })
    assert.ok(taken.every(some => some.length <= 5))
    assert.deepEqual(taken.flat(), things)
  })

  it('take all at each call where the interval is short', () => {
    const rounds = new EvenRounds()
    const things = named(12)
    rounds.take(things, 0, 10)
    for (const nowMs of [10, 25, 36]) assert.equal(rounds.take(things, nowMs, 10).length, 12)
  })

  it('take everything once soon after a gap, fifty a second', () => {
    const rounds = new EvenRounds()
    const things = named(120)
    rounds.take(things, 0, 60_000)
    rounds.hurry()
    const taken = [1, 2, 3, 4].map(second => rounds.take(things, second * 1_000, 60_000))
    assert.deepEqual(
      taken.map(some => some.length <= 50 && some.length > 0),
      [true, true, true, true],
    )
    assert.deepEqual(taken.flat().slice(0, 120).sort(), things)
    assert.ok(taken[3]!.length < 30)
  })

  it('leave nothing out while things come and go', () => {
    const steps = fc.array(
      fc.record({ ms: fc.integer({ min: 1, max: 3_000 }), count: fc.integer({ min: 1, max: 9 }) }),
      {
        minLength: 1,
        maxLength: 20,
      },
    )
    fc.assert(
      fc.property(steps, some => {
        const rounds = new EvenRounds()
        let nowMs = 0
        for (const { ms, count } of some) {
          nowMs += ms
          const things = named(count)
          const taken = rounds.take(things, nowMs, 1_000)
          assert.equal(new Set(taken).size, taken.length, 'a thing twice')
          assert.ok(taken.every(thing => things.includes(thing)))
        }
        // Once nothing comes or goes any more, a round has everything in it.
        const things = named(9)
        const last = [1, 2, 3, 4].flatMap(quarter => rounds.take(things, nowMs + quarter * 300, 1_000))
        assert.deepEqual([...new Set(last)].sort(), things)
      }),
      { numRuns: casesOf({ usual: 200, thorough: 3_000 }) },
    )
  })
})
