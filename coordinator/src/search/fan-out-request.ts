import type {
  Filter,
  GroupBy,
  ManifestReference,
  QueryWords,
  RankPosition,
  ScoringPrecision,
  SearchPlan,
  SortBy,
  SortPosition,
} from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import type { QueryPayload } from './query-payload.ts'
import type { ShardAnswer, ShardFailure } from './shard-answer.ts'

export interface FanOutRequest {
  readonly manifest: ManifestReference
  /** For each shard to search: its holders in the order to ask them. */
  readonly route: ReadonlyMap<number, readonly ClusterMember[]>
  /** Of each shard, whether it is in the route or not: documents that can be hits. */
  readonly eligible: readonly number[]
  /** Of the manifest: a hit's address names one of them, which is of the hit's shard. */
  readonly segments: readonly { readonly shard: number }[]
  /** 0 to 1: once so much is searched, what is late is given up before the deadline. */
  readonly minCoverage: number
  readonly payload: QueryPayload
  /** Hits wanted of each shard. */
  readonly limit: number
  readonly precision: ScoringPrecision
  readonly plan: SearchPlan
  readonly candidates: number
  readonly expansion: number
  readonly recall: number
  readonly recallHits: number
  readonly filter: Filter | undefined
  /** Fields whose values are counted. */
  readonly facets: string[]
  /** Undefined where documents are ranked by the q-net alone. */
  readonly words?: QueryWords | undefined
  /** Groups of hits instead of hits. */
  readonly groupBy: GroupBy | undefined
  /** Fields that hits are sorted by, before their score. */
  readonly sort: SortBy[]
  readonly afterSorted: SortPosition | undefined
  /** A field whose values are told of each hit. */
  readonly valuesOf?: string | undefined
  /** How many hits each server gives with their documents. */
  readonly documents: number
  readonly after: RankPosition | undefined
}

/** Every shard of the route has either an answer or a failure. */
export interface FanOutOutcome {
  readonly answers: Map<number, ShardAnswer>
  readonly failures: Map<number, ShardFailure>
  /** Codes of all calls that failed, those too whose shards another holder answered. */
  readonly failedCalls: ReadonlySet<string>
  /** By shard: how many calls were made for it, and whether one of them because another was late. */
  readonly asked: ReadonlyMap<number, { readonly attempts: number; readonly hedged: boolean }>
}
