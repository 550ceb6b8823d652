import { HypershardError, pauseBy, type RequestContext } from '@hypershard/common'
import { QNet } from '@hypershard/proto/qnet'
import {
  ScoringPrecision,
  SearchPlan,
  type SearchShardsRequest,
  ShardResult,
  StopReason,
} from '@hypershard/proto/shard'
import { ClusterMember } from '../cluster/cluster-member.ts'
import type { ShardServerPort } from '../ports.ts'
import type { FanOutRequest } from '../search/fan-out-request.ts'

/** What a server does with one call: all after so many milliseconds of the deadline's clock. */
export interface Conduct {
  readonly afterMs: number
  /** `deaf` is an answer of a server that hears neither the deadline nor that nobody waits any more. */
  readonly how: 'answer' | 'deaf' | 'refuse' | 'fail' | 'leave out' | 'half'
}

/** A call as the server saw it. */
export interface SeenCall {
  readonly shards: readonly number[]
  readonly startMs: number
  readonly signal: AbortSignal
  endMs: number | undefined
}

/** Documents of every shard. */
export const documentsOfShard = 100

/** A shard server whose calls take time by a virtual clock. */
export class VirtualShardServer implements Pick<ShardServerPort, 'address' | 'search'> {
  readonly address: string
  readonly calls: SeenCall[] = []
  conduct: (call: number) => Conduct

  constructor(address: string, conduct: (call: number) => Conduct) {
    this.address = address
    this.conduct = conduct
  }

  async search({ shards }: SearchShardsRequest, { deadline }: RequestContext): Promise<ShardResult[]> {
    const { clock, signal } = deadline
    const call: SeenCall = { shards, startMs: clock.monotonicMs(), signal, endMs: undefined }
    const { afterMs, how } = this.conduct(this.calls.push(call) - 1)
    try {
      if (how === 'deaf') await pauseBy(clock, afterMs)
      else await pauseBy(clock, Math.min(afterMs, deadline.remainingMs), signal)
    } catch {
      throw new HypershardError('cancelled', `${this.address}: the caller went away`)
    } finally {
      call.endMs = clock.monotonicMs()
    }
    if (how !== 'deaf' && deadline.passed) throw new HypershardError('deadline_exceeded', `${this.address}: too late`)
    if (how === 'refuse') throw new HypershardError('unavailable', `${this.address}: connection refused`)
    return shards.flatMap(shard => (how === 'leave out' ? [] : [resultOf(shard, how, afterMs)]))
  }
}

function resultOf(shard: number, how: Conduct['how'], scoreMs: number): ShardResult {
  const error = { code: 'corrupt_data', message: 'told to fail' }
  const documentsScored = how === 'half' ? documentsOfShard / 2 : documentsOfShard
  const stopReason = StopReason.STOP_REASON_COMPLETE
  const said = how === 'fail' ? { error } : { documentsScored, stopReason, scoreMs }
  return ShardResult.fromPartial({ shard, ...said })
}

/** Live members, which have every shard of the requests below loaded. */
export function warmMembers(servers: readonly VirtualShardServer[], shards: number): ClusterMember[] {
  return servers.map(server => {
    const member = new ClusterMember(server as unknown as ShardServerPort, 1)
    member.markLive()
    member.load.start(Number.NEGATIVE_INFINITY)
    for (let shard = 0; shard < shards; shard++) member.markWarm({ indexUid: 'u', version: 1, shard })
    return member
  })
}

export function virtualRequest(route: FanOutRequest['route'], minCoverage = 1): FanOutRequest {
  return {
    manifest: { index: 'papers', indexUid: 'u', generation: 1, version: 1 },
    route,
    eligible: Array.from({ length: Math.max(...route.keys()) + 1 }, () => documentsOfShard),
    segments: [],
    minCoverage,
    payload: QNet.fromPartial({ digest: 'd' }),
    limit: 10,
    precision: ScoringPrecision.SCORING_PRECISION_FP32,
    plan: SearchPlan.SEARCH_PLAN_EXACT,
    candidates: 0,
    expansion: 0,
    recall: 0,
    recallHits: 0,
    documents: 0,
    filter: undefined,
    facets: [],
    groupBy: undefined,
    sort: [],
    afterSorted: undefined,
    after: undefined,
  }
}
