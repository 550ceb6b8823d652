import { type ScanCounts, scanCountsOf } from '@hypershard/common'
import type { CallReason } from '@hypershard/contract'
import {
  type DocumentAddress,
  type FetchedDocument,
  type GroupBy,
  type Passage,
  type SearchPlan,
  type ShardGroup,
  type ShardHit,
  type ShardResult,
  type SortBy,
  StopReason,
  type ValueCounts,
} from '@hypershard/proto/shard'
import { type ExactValue, exactValueOf, type SortValue } from '@hypershard/storage'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import type { LeafScores } from './composed/leaf-scores.ts'
import { orderOfHits, sortValuesOf } from './stages/sort-hits.ts'

/** A hit of one shard and where its texts lie. */
export interface FoundHit {
  readonly id: string
  readonly score: number
  readonly shard: number
  readonly address: DocumentAddress
  /** Undefined where it did not come with the hit. */
  readonly document: FetchedDocument | undefined
  /** What it is sorted by, one a field; left out where it is not. */
  readonly sortedBy?: readonly SortValue[]
  /** The part of its text that scored so, of an index that cuts texts. */
  readonly passage?: Passage | undefined
  /** By BM25, where words were asked for. */
  readonly wordsScore?: number | undefined
  /** By the tangent that found it, where one did. */
  readonly estimate?: number | undefined
  /** What the leaves of a composed query say of it. */
  readonly composed?: LeafScores | undefined
  /** Of the field that hits are put into groups by; each once. */
  readonly values?: readonly ExactValue[] | undefined
  /** What was joined to `score`, once it was. */
  readonly scores?: BothScores | undefined
}

export interface BothScores {
  readonly qnet: number
  readonly lexical: number
}

/** Of one shard's documents with the same value of a field, or of all shards'; undefined stands for those without one. */
export interface FoundGroup {
  readonly value: ExactValue | undefined
  /** In rank order; one at least. */
  readonly hits: readonly FoundHit[]
}

/** What one shard answered. The counts are the server's own word; coverage checks them against the manifest. */
export interface ShardAnswer extends ScanCounts, CallFacts {
  readonly shard: number
  readonly member: ClusterMember
  /** In rank order. */
  readonly hits: readonly FoundHit[]
  /** In the order of `wordsScore`, then id; empty where words were not asked for. */
  readonly wordHits: readonly FoundHit[]
  /** By their best hit, and whether there are more; where groups were asked for. */
  readonly groups: { readonly groups: readonly FoundGroup[]; readonly more: boolean } | undefined
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
  /** Of a composed query; 0 of another. */
  readonly leaves: number
  readonly groupBy: GroupBy | undefined
  readonly sort: readonly SortBy[]
  /** A field whose values are told of each hit. */
  readonly valuesOf?: string | undefined
}

/**
 * What a server said of one of the shards it was asked for. An answer that cannot be right is a failure: merging relies on
 * hits that are in rank order and of their shard.
 */
export function readShardResult(
  { member, shard, segments, facets: asked, groupBy, sort, withWords, leaves, valuesOf }: Asked,
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
  if (result.hits.some(hit => hit.sort.length !== sort.length)) {
    return { code: 'internal', message: `${who}: its hits are not sorted by fields; upgrade the server` }
  }
  if (groupBy !== undefined && result.groups === undefined) {
    return { code: 'internal', message: `${who}: it gives hits without groups; upgrade the server` }
  }
  if (groupBy !== undefined && groupBy.without.length > 0 && !result.groups!.leftOut) {
    return { code: 'internal', message: `${who}: it leaves no documents out of groups; upgrade the server` }
  }
  const { stopReason, plan, queueMs, scoreMs, headMs } = result
  if (stopReason === StopReason.STOP_REASON_ERROR) return { code: 'internal', message: `${who}: failed, unsaid why` }
  if (withWords && result.wordHits === undefined) {
    return { code: 'internal', message: `${who}: it did not rank by words; upgrade it` }
  }
  const read = { shard, segments, withWords, leaves, sort, valuesOf }
  const hits = readHits(result.hits, ({ score }) => score, { ...read, estimates: result.estimates })
  if (typeof hits === 'string') return { code: 'internal', message: `${who}: ${hits}` }
  const wordHits = readHits(result.wordHits?.hits ?? [], ({ wordsScore }) => wordsScore!, { ...read, sort: [] })
  if (typeof wordHits === 'string') return { code: 'internal', message: `${who}: ${wordHits}` }
  const found = result.groups && readGroups(result.groups.groups, read)
  if (typeof found === 'string') return { code: 'internal', message: `${who}: ${found}` }
  const groups = found && { groups: found, more: result.groups!.more }
  const counts = { ...scanCountsOf(result), documentsMatched, nonFiniteScores, documentsBefore, facets }
  return { shard, member, hits, wordHits, groups, ...counts, plan, stopReason, queueMs, scoreMs, headMs, ...call }
}

type Place = Pick<Asked, 'shard' | 'segments' | 'withWords' | 'leaves' | 'sort' | 'valuesOf'> & {
  readonly estimates?: readonly number[]
}

/** @returns what is wrong with them, if anything is */
function readHits(
  given: readonly ShardHit[],
  rankOf: (hit: ShardHit) => number,
  { shard, segments, withWords, leaves, sort, estimates, valuesOf }: Place,
): FoundHit[] | string {
  const compare = orderOfHits(sort)
  const hits: FoundHit[] = []
  let before: Parameters<typeof compare>[0] | undefined
  for (const [at, hit] of given.entries()) {
    const { id, score, address, document, passage, wordsScore, composed, values } = hit
    const sortedBy = sort.length === 0 ? {} : { sortedBy: sortValuesOf(hit.sort) }
    if (address === undefined) return 'a hit has no address'
    if (segments[address.segment]?.shard !== shard) return `hit \`${id}\` is of another shard`
    if (withWords && !Number.isFinite(wordsScore)) return `hit \`${id}\` has no score of its words`
    if (leaves > 0 && !isOfLeaves(composed, leaves)) return `hit \`${id}\` has no scores of ${leaves} leaves`
    if (valuesOf !== undefined && values === undefined)
      return `it does not tell what hit \`${id}\` has of field ${JSON.stringify(valuesOf)}; upgrade the server`
    const rank = { id, score: rankOf(hit), ...sortedBy }
    if (before !== undefined && compare(before, rank) >= 0) return 'its hits are not in rank order'
    before = rank
    const estimate = estimates?.[at]
    const found = { ...(passage && { passage }), ...(Number.isFinite(estimate) && { estimate }) }
    const ofQuery = { ...(withWords && { wordsScore }), ...(composed && { composed }) }
    const own = values && { values: values.values.flatMap(value => exactValueOf(value) ?? []) }
    hits.push({ id, score, shard, address, document, ...found, ...ofQuery, ...sortedBy, ...own })
  }
  return hits
}

function isOfLeaves(found: LeafScores | undefined, leaves: number): boolean {
  return found !== undefined && found.scores.length === leaves && found.leaf < leaves
}

/** @returns what is wrong with them, if anything is */
function readGroups(given: readonly ShardGroup[], place: Place): FoundGroup[] | string {
  const groups: FoundGroup[] = []
  for (const { value, hits: own } of given) {
    const hits = readHits(own, ({ score }) => score, { ...place, sort: [] })
    if (typeof hits === 'string') return hits
    if (hits.length === 0) return 'a group has no hit'
    groups.push({ value: value && exactValueOf(value), hits })
  }
  return new Set(groups.map(({ value }) => value)).size < groups.length ? 'a group is there twice' : groups
}
