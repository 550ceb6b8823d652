import { compareRank, type RankPosition, type ScanCounts, scanCountsOf } from '@hypershard/common'
import type { CallReason } from '@hypershard/contract'
import {
  type DocumentAddress,
  type FetchedDocument,
  type Passage,
  type SearchPlan,
  type ShardHit,
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
  /** By BM25, where words were asked for. */
  readonly wordsScore?: number | undefined
  /** What was joined to `score`, once it was. */
  readonly scores?: BothScores | undefined
}

export interface BothScores {
  readonly qnet: number
  readonly lexical: number
}

/** What one shard answered. The counts are the server's own word; coverage checks them against the manifest. */
export interface ShardAnswer extends ScanCounts, CallFacts {
  readonly shard: number
  readonly member: ClusterMember
  /** In rank order. */
  readonly hits: readonly FoundHit[]
  /** In the order of `wordsScore`, then id; empty where words were not asked for. */
  readonly wordHits: readonly FoundHit[]
  /** The plan that was really used. */
  readonly plan: SearchPlan
  readonly documentsMatched: number
  readonly nonFiniteScores: number
  /** Scored documents that rank before an inclusive `after`; undefined of another, and of a server too old to count. */
  readonly documentsBefore: number | undefined
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

/** A server that was asked for a shard, the segments of the manifest, and whether words were asked for. */
interface Asked {
  readonly member: ClusterMember
  readonly shard: number
  readonly segments: readonly { readonly shard: number }[]
  /** Fields to count the values of. */
  readonly facets: readonly string[]
  readonly withWords: boolean
}

/**
 * What a server said of one of the shards it was asked for. An answer that cannot be right is a failure: merging relies on
 * hits that are in rank order and of their shard.
 */
export function readShardResult(
  { member, shard, segments, facets: asked, withWords }: Asked,
  result: ShardResult | undefined,
  call: CallFacts,
): ShardAnswer | Pick<ShardFailure, 'code' | 'message'> {
  const who = `${member.address}: shard ${shard}`
  if (result === undefined) return { code: 'internal', message: `${who}: the answer leaves it out` }
  if (result.error !== undefined) return result.error
  const { documentsMatched, nonFiniteScores, documentsBefore, facets } = result
  if (facets.length !== asked.length) {
    return { code: 'internal', message: `${who}: it counts no values for facets; upgrade the server` }
  }
  const { stopReason, plan, queueMs, scoreMs, headMs } = result
  if (stopReason === StopReason.STOP_REASON_ERROR) return { code: 'internal', message: `${who}: failed, unsaid why` }
  if (withWords && result.wordHits === undefined) {
    return { code: 'internal', message: `${who}: it did not rank by words; upgrade it` }
  }
  const read = { shard, segments, withWords }
  const hits = readHits(result.hits, ({ score }) => score, read)
  if (typeof hits === 'string') return { code: 'internal', message: `${who}: ${hits}` }
  const wordHits = readHits(result.wordHits?.hits ?? [], ({ wordsScore }) => wordsScore!, read)
  if (typeof wordHits === 'string') return { code: 'internal', message: `${who}: ${wordHits}` }
  const counts = { ...scanCountsOf(result), documentsMatched, nonFiniteScores, documentsBefore, facets }
  return { shard, member, hits, wordHits, ...counts, plan, stopReason, queueMs, scoreMs, headMs, ...call }
}

/** @returns what is wrong with them, if anything is */
function readHits(
  given: readonly ShardHit[],
  rankOf: (hit: ShardHit) => number,
  { shard, segments, withWords }: Pick<Asked, 'shard' | 'segments' | 'withWords'>,
): FoundHit[] | string {
  const hits: FoundHit[] = []
  let before: RankPosition | undefined
  for (const hit of given) {
    const { id, score, address, document, passage, wordsScore } = hit
    if (address === undefined) return 'a hit has no address'
    if (segments[address.segment]?.shard !== shard) return `hit \`${id}\` is of another shard`
    if (withWords && !Number.isFinite(wordsScore)) return `hit \`${id}\` has no score of its words`
    const rank = { id, score: rankOf(hit) }
    if (before !== undefined && compareRank(before, rank) >= 0) return 'its hits are not in rank order'
    before = rank
    const more = { ...(passage && { passage }), ...(withWords && { wordsScore }) }
    hits.push({ id, score, shard, address, document, ...more })
  }
  return hits
}
