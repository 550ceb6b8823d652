/** So many searches a warm-up makes at least, for both forms of queries to be measured, and at most. */
export const warmUpSearches = { min: 8, max: 24 } as const

/** Searches that are compared with as many before them. */
const compared = 4
/** The newest are no longer faster when they take more than this share of what those before them took. */
const settledShare = 0.9

/** Whether searches have become as fast as they will: by medians, since one that is late says nothing. */
export function hasSettled(tookMs: readonly number[]): boolean {
  if (tookMs.length < warmUpSearches.min) return false
  const newest = medianOf(tookMs.slice(-compared))
  return newest > settledShare * medianOf(tookMs.slice(-2 * compared, -compared))
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
