import { compareRank, type ScanCounts, scanCountsOf } from '@hypershard/common'
import type { CallReason } from '@hypershard/contract'
import {
  type DocumentAddress,
  type FetchedDocument,
  type Passage,
  type SearchPlan,
  type ShardResult,
  StopReason,
  type ValueCounts,
} from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'

/** A hit of one shard and where its texts lie. */
export interface FoundHit {
  readonly id: string
  readonly score: number
  readonly shard: number
  readonly address: DocumentAddress
  /** Undefined where it did not come with the hit. */
  readonly document: FetchedDocument | undefined
  /** The part of its text that scored so, of an index that cuts texts. */
  readonly passage?: Passage | undefined
}

/** What one shard answered. The counts are the server's own word; coverage checks them against the manifest. */
export interface ShardAnswer extends ScanCounts, CallFacts {
  readonly shard: number
  readonly member: ClusterMember
  /** In rank order. */
  readonly hits: readonly FoundHit[]
  /** The plan that was really used. */
  readonly plan: SearchPlan
  readonly documentsMatched: number
  readonly nonFiniteScores: number
  /** One a facet asked for. */
  readonly facets: readonly ValueCounts[]
  readonly stopReason: StopReason
  readonly queueMs: number
  readonly scoreMs: number
  /** Time the server took to make the q-net from token states. */
  readonly headMs: number
}

/** Of the call that answered. */
export interface CallFacts {
  /** The whole call, which other shards may have shared. */
  readonly callMs: number
  /** Bytes of the query that the call sent. */
  readonly queryBytes: number
  /** Why it was made. */
  readonly wonBy: CallReason
}

/** Why a shard gave nothing. */
export interface ShardFailure {
  readonly shard: number
  readonly server: string
  readonly code: string
  readonly message: string
}

/** A server that was asked for a shard, and the segments of the manifest. */
interface Asked {
  readonly member: ClusterMember
  readonly shard: number
  readonly segments: readonly { readonly shard: number }[]
  /** Fields to count the values of. */
  readonly facets: readonly string[]
}

/**
 * What a server said of one of the shards it was asked for. An answer that cannot be right is a failure: merging relies on
 * hits that are in rank order and of their shard.
 */
export function readShardResult(
  { member, shard, segments, facets: asked }: Asked,
  result: ShardResult | undefined,
  call: CallFacts,
): ShardAnswer | Pick<ShardFailure, 'code' | 'message'> {
  const who = `${member.address}: shard ${shard}`
  if (result === undefined) return { code: 'internal', message: `${who}: the answer leaves it out` }
  if (result.error !== undefined) return result.error
  const { documentsMatched, nonFiniteScores, facets } = result
  if (facets.length !== asked.length) {
    return { code: 'internal', message: `${who}: it counts no values for facets; upgrade the server` }
  }
  const { stopReason, plan, queueMs, scoreMs, headMs } = result
  if (stopReason === StopReason.STOP_REASON_ERROR) return { code: 'internal', message: `${who}: failed, unsaid why` }
  const hits: FoundHit[] = []
  for (const { id, score, address, document, passage } of result.hits) {
    if (address === undefined) return { code: 'internal', message: `${who}: a hit has no address` }
    if (segments[address.segment]?.shard !== shard) {
      return { code: 'internal', message: `${who}: hit \`${id}\` is of another shard` }
    }
    const before = hits.at(-1)
    if (before !== undefined && compareRank(before, { id, score }) >= 0) {
      return { code: 'internal', message: `${who}: its hits are not in rank order` }
    }
    hits.push({ id, score, shard, address, document, ...(passage && { passage }) })
  }
  const counts = { ...scanCountsOf(result), documentsMatched, nonFiniteScores, facets }
  return { shard, member, hits, ...counts, plan, stopReason, queueMs, scoreMs, headMs, ...call }
}
