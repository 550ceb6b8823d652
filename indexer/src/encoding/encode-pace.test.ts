import assert from 'node:assert/strict'
import { costOf, EncodePace } from './encode-pace.ts'

/** A model that encodes so much a second, in portions as the pace has them. */
function paceAt(costPerSecond: number, portions: number, pace = new EncodePace()): EncodePace {
  for (let portion = 0; portion < portions; portion++) {
    const cost = pace.portionCost
    pace.noteEncoded({ cost, tookMs: (cost / costPerSecond) * 1_000 })
  }
  return pace
}

/** How long a portion takes at a rate. */
const secondsOf = (pace: EncodePace, costPerSecond: number) => pace.portionCost / costPerSecond

describe('the pace of encoding', () => {
  it('comes to portions of two seconds, and calls of a quarter of one, however fast the model is', () => {
    for (const rate of [3_000, 30_000, 3_000_000]) {
      const pace = paceAt(rate, 3)
      assert.ok(Math.abs(secondsOf(pace, rate) - 2) < 0.01, `${rate}: ${secondsOf(pace, rate)} s`)
      assert.ok(pace.callCostOf(1) <= pace.portionCost / 8 || pace.callCostOf(1) === 4_000)
      assert.ok(pace.callCostOf(4) <= pace.portionCost / 32 || pace.callCostOf(4) === 4_000)
    }
  })

  it('makes portions smaller where others slow it down, and larger again after', () => {
    const pace = paceAt(60_000, 3)
    paceAt(15_000, 3, pace)
    assert.ok(Math.abs(secondsOf(pace, 15_000) - 2) < 0.01)
    paceAt(60_000, 4, pace)
    assert.ok(Math.abs(secondsOf(pace, 60_000) - 2) < 0.01)
  })

  it('changes little for one portion that was held up', () => {
    const pace = paceAt(60_000, 3)
    const before = pace.portionCost
    pace.noteEncoded({ cost: before, tookMs: 600_000 })
    assert.equal(pace.portionCost, before / 4)
  })

  it('learns nothing of a rest that is soon over', () => {
    const pace = paceAt(60_000, 3)
    const before = pace.portionCost
    pace.noteEncoded({ cost: 200, tookMs: 400 })
    assert.equal(pace.portionCost, before)
  })

  it('lets commits take a tenth of the time where they are slow, and portions no longer than ten seconds', () => {
    for (const { commitMs, seconds } of [
      { commitMs: 50, seconds: 2 },
      { commitMs: 500, seconds: 5 },
      { commitMs: 60_000, seconds: 10 },
    ]) {
      const pace = new EncodePace()
      pace.noteCommitted(commitMs)
      assert.ok(Math.abs(secondsOf(paceAt(60_000, 5, pace), 60_000) - seconds) < 0.01)
    }
  })

  it('counts a text by its characters, as many as a model reads', () => {
    assert.equal(costOf({ title: 'ab', text: 'cde' }), 105)
    assert.equal(costOf({ title: '', text: 'x'.repeat(1_000_000) }), costOf({ title: '', text: 'x'.repeat(2_000) }))
  })
})
