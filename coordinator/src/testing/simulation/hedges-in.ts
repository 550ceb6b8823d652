import type { CallTimes } from '@hypershard/harness/invariants'
import type { SeenCall } from './simulated-network.ts'

/**
 * Which calls of a coordinator were hedges: those for a shard of which the same query was being asked elsewhere, and was
 * not answered or failed yet. @param calls in the order in which they began
 */
export function hedgesIn(calls: readonly SeenCall[]): CallTimes {
  const firstMs: number[] = []
  const hedgesMs: number[] = []
  for (const ofQuery of Map.groupBy(calls, ({ query }) => query).values()) {
    for (const [at, call] of ofQuery.entries()) {
      const earlier = ofQuery.slice(0, at).filter(({ shards }) => shards.some(shard => call.shards.includes(shard)))
      if (earlier.length === 0) firstMs.push(call.atMs)
      else if (earlier.some(({ endedMs }) => endedMs === undefined || endedMs > call.atMs)) hedgesMs.push(call.atMs)
    }
  }
  return { firstMs: firstMs.sort((a, b) => a - b), hedgesMs: hedgesMs.sort((a, b) => a - b) }
}
