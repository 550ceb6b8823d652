import { type ScanCounts, scanCountsOf } from '@hypershard/common'
import type { CallReason, ShardPlanName, StopReasonName } from '@hypershard/contract'
import { SearchPlan, StopReason } from '@hypershard/proto/shard'
import type { FanOutOutcome } from './fan-out-request.ts'
import { type LikeBy, likeByOf } from './near/like.ts'
import type { EncodedQueryAndOrigin } from './query-encoder.ts'
import type { QueryForm } from './query-forms.ts'
import { isTokenStates } from './query-payload.ts'
import type { SearchInput } from './search-input.ts'
import type { ShardAnswer } from './shard-answer.ts'

type Step = 'encode' | 'fanOut' | 'merge' | 'fetch' | 'rerank' | 'highlight'

/** Where the time of one search went. */
export interface SearchProfile {
  readonly encodeMs: number
  readonly fanOutMs: number
  readonly mergeMs: number
  readonly fetchMs: number
  /** Undefined of a search that was not reranked. */
  readonly rerankMs: number | undefined
  /** Undefined of a search without highlights. */
  readonly highlightMs: number | undefined
  /** The most that a shard server was sent of the query. */
  readonly qnetBytes: number
  readonly queryForm: QueryForm
  /** What of the document that hits are to be like was the query; undefined of another search. */
  readonly likeBy: LikeBy | undefined
  /** The q-net was in the cache. */
  readonly qnetCached: boolean
  /** By shard, ascending; shards that did not answer stand in the coverage instead. */
  readonly shards: readonly ShardProfile[]
}

export interface ShardProfile extends ScanCounts {
  readonly shard: number
  readonly server: string
  /** Calls that were made for it. */
  readonly attempts: number
  /** One of them because another was late. */
  readonly hedged: boolean
  /** Why the call was made that answered. */
  readonly wonBy: CallReason
  /** The plan that was really used. */
  readonly plan: ShardPlanName
  readonly queueMs: number
  /** Time the server took to make the q-net from token states. */
  readonly headMs: number
  readonly scoreMs: number
  /** The whole call's time less queue, head and score: the wire, the marshalling, and other shards of the same call. */
  readonly shipMs: number
  readonly stopReason: StopReasonName
}

/** Times the steps of a flow, one after the other. */
export class Stopwatch {
  readonly #startMs = performance.now()
  readonly #laps: Partial<Record<Step, number>> = {}
  #lastMs = this.#startMs

  /** Ends a step: it took the time since the step before it ended, beside what it took when it ran before. */
  lap(step: Step): void {
    const nowMs = performance.now()
    this.#laps[step] = (this.#laps[step] ?? 0) + nowMs - this.#lastMs
    this.#lastMs = nowMs
  }

  /** Of the steps that have ended. */
  get laps(): Readonly<Partial<Record<Step, number>>> {
    return this.#laps
  }

  get totalMs(): number {
    return performance.now() - this.#startMs
  }
}

export function profileOf(
  query: EncodedQueryAndOrigin,
  outcome: FanOutOutcome,
  watch: Stopwatch,
  input: Pick<SearchInput, 'like' | 'own'> = {},
): SearchProfile {
  const { encode = 0, fanOut = 0, merge = 0, fetch = 0 } = watch.laps
  return {
    encodeMs: encode,
    fanOutMs: fanOut,
    mergeMs: merge,
    fetchMs: fetch,
    rerankMs: watch.laps.rerank,
    highlightMs: watch.laps.highlight,
    qnetBytes: Math.max(0, ...[...outcome.answers.values()].map(({ queryBytes }) => queryBytes)),
    queryForm: isTokenStates(query.payload) ? 'tokenStates' : 'weights',
    qnetCached: query.cached,
    likeBy: likeByOf(input),
    shards: [...outcome.answers.values()]
      .map(answer => shardProfileOf(answer, outcome))
      .sort((a, b) => a.shard - b.shard),
  }
}

function shardProfileOf(answer: ShardAnswer, { asked }: FanOutOutcome): ShardProfile {
  const { shard, member, queueMs, scoreMs, headMs, callMs, wonBy } = answer
  const shipMs = Math.max(0, callMs - queueMs - scoreMs - headMs)
  return {
    shard,
    server: member.address,
    ...asked.get(shard)!,
    wonBy,
    ...scanCountsOf(answer),
    plan: planOf(answer.plan),
    queueMs,
    headMs,
    scoreMs,
    shipMs,
    stopReason: stopReasonOf(answer),
  }
}

function planOf(plan: SearchPlan): ShardProfile['plan'] {
  if (plan === SearchPlan.SEARCH_PLAN_GRAPH) return 'graph'
  return plan === SearchPlan.SEARCH_PLAN_TANGENT ? 'tangent' : 'exact'
}

function stopReasonOf({ stopReason }: ShardAnswer): ShardProfile['stopReason'] {
  if (stopReason === StopReason.STOP_REASON_DEADLINE) return 'deadline'
  return stopReason === StopReason.STOP_REASON_CANCELLED ? 'cancelled' : 'complete'
}
