import assert from 'node:assert/strict'
import { ScoringPrecision, SearchPlan } from '@hypershard/proto/shard'
import { Hedging, kindOf, untilLookMs } from './hedging.ts'

describe('when a call is late', () => {
  const hedgingWith = (ms: number, calls = 20) => {
    const hedging = new Hedging()
    for (let call = 0; call < calls; call++) hedging.noteCall('kind', ms, 0)
    return hedging
  }

  it('is after the 95th percentile of its kind with a full budget, and after twice that with none', () => {
    const hedging = hedgingWith(10)
    assert.equal(hedging.lateAfterMs('kind', 0), 20)
    for (let call = 0; call < 200; call++) hedging.budget.earn()
    assert.equal(hedging.lateAfterMs('kind', 0), 10)
  })

  it('is never before 2 ms, and not known of a kind with few calls', () => {
    assert.equal(hedgingWith(0.1).lateAfterMs('kind', 0), 2)
    assert.equal(hedgingWith(10, 19).lateAfterMs('kind', 0), undefined)
  })

  it('is looked at when it is late, then at ever longer pauses, and every tenth of a second at least', () => {
    assert.deepEqual([untilLookMs(0, 30), untilLookMs(0, 5_000), untilLookMs(4_950, 5_000)], [30, 100, 50])
    assert.deepEqual([untilLookMs(30, 30), untilLookMs(5, 5), untilLookMs(900, 30)], [30, 10, 100])
    assert.deepEqual([untilLookMs(0, undefined), untilLookMs(40, undefined)], [10, 40])
    // A pause too short for the clock to tell would go on for ever.
    assert.equal(untilLookMs(29.999_999_999_999_9, 30), 1)
  })

  it('is by kind: of one generation, plan and scoring, with a filter or without, for about as many documents', () => {
    const manifest = { index: 'papers', indexUid: 'u', generation: 1, version: 7 }
    const precision = ScoringPrecision.SCORING_PRECISION_FP32
    const request = { manifest, plan: SearchPlan.SEARCH_PLAN_EXACT, filter: undefined, precision }
    const kinds = [
      kindOf(request, 1_000),
      kindOf({ ...request, manifest: { ...manifest, version: 8 } }, 1_100),
      kindOf(request, 4_000),
      kindOf({ ...request, manifest: { ...manifest, generation: 2 } }, 1_000),
      kindOf({ ...request, plan: SearchPlan.SEARCH_PLAN_AUTO }, 1_000),
      kindOf({ ...request, filter: {} as never }, 1_000),
    ]
    assert.equal(kinds[0], kinds[1])
    assert.equal(new Set(kinds).size, kinds.length - 1)
  })
})
