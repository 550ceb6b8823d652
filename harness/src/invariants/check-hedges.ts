import assert from 'node:assert/strict'

/** When calls were made, ascending. */
export interface CallTimes {
  /** First calls, which a query makes anyhow. */
  readonly firstMs: readonly number[]
  /** Calls on top of these, to a second holder while the first was still asked. */
  readonly hedgesMs: readonly number[]
}

export interface HedgeBudget {
  /** Hedges of first calls, at most. */
  readonly shareMax: number
  readonly windowMs: number
  /** Hedges that may come on top in a window with few calls. */
  readonly burstMax: number
}

/** Throws an AssertionError for a window before some hedge that has more of them than its first calls allow. */
export function checkHedges({ firstMs, hedgesMs }: CallTimes, { shareMax, windowMs, burstMax }: HedgeBudget): void {
  for (const atMs of hedgesMs) {
    const inWindow = (ms: number) => ms > atMs - windowMs && ms <= atMs
    const hedges = hedgesMs.filter(inWindow).length
    const calls = firstMs.filter(inWindow).length
    const most = calls * shareMax + burstMax
    assert.ok(hedges <= most, `${hedges} hedges beside ${calls} calls in the ${windowMs} ms before ${atMs}`)
  }
}
