import { pauseBy, type RequestContext, type Span } from '@hypershard/common'
import type { CallReason } from '@hypershard/contract'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import type { WorkUnderWay } from '../cluster/member-load.ts'
import type { FanOutRecord } from './fan-out-record.ts'
import type { FanOutRequest } from './fan-out-request.ts'
import type { Lateness } from './lateness.ts'
import type { ShardRace } from './shard-race.ts'

/** One call to one server, for some shards. */
export interface ShardCall {
  readonly member: ClusterMember
  readonly races: readonly ShardRace[]
  readonly reason: CallReason
  readonly kind: string
  readonly startMs: number
  readonly work: WorkUnderWay
  readonly trace: Span
  /** Nobody waits for it any longer. */
  readonly cancel: AbortController
  /** It has ended, in whatever way. */
  readonly ended: AbortController
}

/** A fan-out under way: what its steps work on. */
export interface FanOut {
  readonly request: FanOutRequest
  readonly context: RequestContext
  readonly record: FanOutRecord
  readonly races: readonly ShardRace[]
  readonly lateness: Lateness
  /** Looks after a call that was made. */
  readonly watch: (call: ShardCall, flow: FanOut) => void
  readonly calls: Set<ShardCall>
  readonly failedCalls: Set<string>
  /** Fires when every shard has settled. Timers and calls end with it. */
  readonly over: AbortController
  /** The timer that gives up what is late; a shorter one replaces it. */
  patience: AbortController
}

/** Why timers and calls of a fan-out end: an error made for each would cost its stack. */
export const nobodyWaits = 'nobody waits for it any more'

/** Acts later, unless the signal fires before. Time is the deadline's clock. */
export function after(ms: number, signal: AbortSignal, flow: FanOut, act: () => void): void {
  pauseBy(flow.context.deadline.clock, ms, signal).then(act, () => undefined)
}
