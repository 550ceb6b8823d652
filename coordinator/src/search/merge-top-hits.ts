import { compareRank, type RankPosition } from '@hypershard/common'

/**
 * The best `limit` hits of several ranked lists, in rank order. Each list must be in rank order and no id may stand in
 * two: then the result does not depend on how the hits were split into lists. Costs lists x limit comparisons.
 * @param compare the order, in which no two hits are equal
 */
export function mergeTopHits<Hit extends RankPosition>(
  lists: readonly (readonly Hit[])[],
  limit: number,
  compare: (a: Hit, b: Hit) => number = compareRank,
): Hit[] {
  const merged: Hit[] = []
  const next = lists.map(() => 0)
  while (merged.length < limit) {
    const best = indexOfBest(lists, next, compare)
    const hit = lists[best]?.[next[best] ?? 0]
    if (hit === undefined) break
    merged.push(hit)
    next[best] = (next[best] ?? 0) + 1
  }
  return merged
}

/** The list whose next hit ranks first; -1 when all are used up. */
function indexOfBest<Hit>(
  lists: readonly (readonly Hit[])[],
  next: readonly number[],
  compare: (a: Hit, b: Hit) => number,
): number {
  let best = -1
  let bestHit: Hit | undefined
  for (const [at, list] of lists.entries()) {
    const hit = list[next[at] ?? 0]
    if (hit === undefined || (bestHit !== undefined && compare(bestHit, hit) <= 0)) continue
    best = at
    bestHit = hit
  }
  return best
}
