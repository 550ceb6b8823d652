import type { Deadline } from '@hypershard/common'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import type { ShardRace } from './shard-race.ts'

/** Who to ask for a shard after a failure, and how long to wait before. */
export interface Retry {
  readonly member: ClusterMember
  readonly pauseMs: number
}

/**
 * Calls for one shard, hedges among them. A third holder is worth asking: while servers come and go two of three may
 * be away at once, and then the third makes the answer whole. A fourth would rarely find time left.
 */
export const callsOfShardMax = 3

/** Failures that every holder would give: the request's own, and the end of its time. */
const finalCodes: ReadonlySet<string> = new Set([
  'cancelled',
  'deadline_exceeded',
  'invalid_request',
  'model_mismatch',
  'request_too_large',
])

/** A bad moment of many servers: asking all of them for everything would make it worse. */
const overloadCallsMax = 2

/** Where nobody else holds the shard these may have been the moment's, and the same server is asked once more. */
const passingCodes: ReadonlySet<string> = new Set(['overloaded', 'unavailable'])

/** Before the same server is asked again; drawn, so that queries that failed together do not come back together. */
const pauseMs = { min: 20, max: 60 }

/**
 * What is tried after a failure: the next holder that lives, at once, inside the same deadline. Undefined where nothing
 * more is.
 * @param random uniform in [0, 1)
 */
export function retryOf(
  race: ShardRace,
  code: string,
  { deadline, random }: { readonly deadline: Deadline; readonly random: () => number },
): Retry | undefined {
  if (finalCodes.has(code) || deadline.passed || deadline.cancelled) return undefined
  if (race.asked.length >= (code === 'overloaded' ? overloadCallsMax : callsOfShardMax)) return undefined
  const next = race.nextHolder()
  if (next !== undefined) return { member: next, pauseMs: 0 }
  const [only] = race.asked
  if (only === undefined || race.asked.length > 1 || !only.live || !passingCodes.has(code)) return undefined
  const drawnMs = pauseMs.min + random() * (pauseMs.max - pauseMs.min)
  return drawnMs < deadline.remainingMs ? { member: only, pauseMs: drawnMs } : undefined
}
