import type { SearchPlanName } from '@hypershard/contract'
import { candidatesOfCallMax, expansionMax } from '@hypershard/proto/limits'
import {
  type Filter,
  type ManifestReference,
  type RankPosition,
  ScoringPrecision,
  SearchPlan,
  type SortBy,
} from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import type { CatalogEntry } from '../../catalog/catalog.ts'
import { eligibleByShard } from '../../catalog/eligible-by-shard.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { ClusterMember } from '../../cluster/cluster-member.ts'
import { type IndexPlacement, placementAt, placementOf } from '../../cluster/placement-of.ts'
import type { PinnedWords } from '../../words/pin-words.ts'
import type { Cursor } from '../cursor.ts'
import { documentsOfServer } from '../documents-of-server.ts'
import type { FanOutRequest } from '../fan-out-request.ts'
import { likedIds, placesOfLike } from '../near/like.ts'
import { type ShardToSpread, spreadShards } from '../replica-choice.ts'
import type { SearchInput } from '../search-input.ts'
import type { CheckedFacet } from './count-facets.ts'
import { type CheckedGroupBy, groupsOfShard } from './group-hits.ts'
import { groupsTheRanked } from './groups-the-ranked.ts'
import { sortPositionOf } from './sort-hits.ts'

const planMessages: Readonly<Record<SearchPlanName, SearchPlan>> = {
  exact: SearchPlan.SEARCH_PLAN_EXACT,
  tangent: SearchPlan.SEARCH_PLAN_TANGENT,
  graph: SearchPlan.SEARCH_PLAN_GRAPH,
  auto: SearchPlan.SEARCH_PLAN_AUTO,
}

/** What every shard of one answer is searched at, and every page of one cursor. */
export interface Pinned {
  readonly entry: CatalogEntry
  readonly manifest: Manifest
  readonly cursor: Cursor | undefined
  readonly filter: Filter | undefined
  readonly facets: readonly CheckedFacet[]
  readonly groupBy: CheckedGroupBy | undefined
  readonly sort: SortBy[]
  /** What is ranked by words too; undefined for nothing. */
  readonly words: PinnedWords | undefined
}

/** Shards without documents are left out. */
export function planRoute(
  { entry, manifest }: Pick<Pinned, 'entry' | 'manifest'>,
  cluster: Cluster,
  nowMs: number,
): FanOutRequest['route'] {
  const placement = placementOfPinned({ entry, manifest })
  const eligible = eligibleByShard(manifest)
  const shards: ShardToSpread<ClusterMember>[] = []
  for (const [shard, documents] of eligible.entries()) {
    if (documents === 0) continue
    const holders = cluster.routeOf(placement, shard, manifest.version)
    const equals = cluster.firstToAsk(placement, shard, manifest.version).length
    shards.push({ shard, documents, holders, equals })
  }
  return spreadShards(shards, nowMs)
}

/** One hit more than the page tells whether there is a next page; a page of what is joined is cut from all of it. */
export function planFanOut(
  input: SearchInput,
  pinned: Pinned,
  { payload, cluster, nowMs }: Pick<FanOutRequest, 'payload'> & { readonly cluster: Cluster; readonly nowMs: number },
): FanOutRequest {
  const { manifest, cursor, filter, facets, groupBy, sort } = pinned
  const { hybrid } = input
  const ofRanked = groupsTheRanked(input)
  const isOrdered = hybrid !== undefined || groupBy !== undefined || sort.length > 0
  const limit = hybrid?.candidates ?? input.k + 1
  const given = hybrid === undefined && !ofRanked ? (cursor?.given ?? 0) : 0
  // The hits of earlier pages are found again, and so is the document that hits are to be like: there must be room for them.
  const found = given + placesOfLike(input)
  const route = planRoute(pinned, cluster, nowMs)
  return {
    manifest: referenceTo(manifest),
    route,
    eligible: eligibleByShard(manifest),
    segments: manifest.segments,
    minCoverage: input.minCoverage,
    payload,
    filter,
    facets: facets.map(({ field }) => field),
    groupBy: groupBy && !ofRanked ? groupsOfShard(groupBy, likedIds(input)) : undefined,
    ...(ofRanked && { valuesOf: groupBy!.field }),
    sort,
    afterSorted: cursor === undefined || sort.length === 0 ? undefined : sortPositionOf(cursor, sort),
    limit: limit + placesOfLike(input),
    plan: planMessages[planAtDepth(input.plan, limit + found)],
    candidates: Math.min(candidatesOfCallMax, Math.max(input.candidates, limit) + found),
    expansion: Math.min(expansionMax, Math.max(input.expansion, limit) + found),
    recall: input.recall,
    recallHits: Math.min(candidatesOfCallMax, (hybrid?.candidates ?? input.k) + found),
    // What is best by both no shard can tell.
    documents: input.idsOnly || hybrid !== undefined ? 0 : documentsOfServer(hitsOfPage(input), serversAsked(route)),
    precision:
      input.precision === 'int8' ? ScoringPrecision.SCORING_PRECISION_INT8 : ScoringPrecision.SCORING_PRECISION_FP32,
    after: cursor === undefined || isOrdered ? undefined : positionOf(cursor),
  }
}

function positionOf({ score, id }: Cursor): RankPosition {
  return { score, id, inclusive: false }
}

/**
 * Pages go on to the last document: where a walk may not keep so many rows all are ranked by tangent, and where not so many
 * may be candidates all are scored. Otherwise the list would end there, and look complete.
 * @param wanted hits that must be found again, and those of the page
 */
function planAtDepth(plan: SearchPlanName, wanted: number): SearchPlanName {
  if (wanted > candidatesOfCallMax) return 'exact'
  return plan === 'graph' && wanted > expansionMax ? 'tangent' : plan
}

function hitsOfPage(input: SearchInput): number {
  const { k, groupBy } = input
  return groupBy === undefined || groupsTheRanked(input) ? k : groupBy.groups * groupBy.hits
}

/** Each server is asked once, with all shards of which it is the first holder. */
function serversAsked(route: FanOutRequest['route']): number {
  return new Set([...route.values()].map(holders => holders[0])).size
}

/** Where the shards lie of the version that was pinned, which may be of a generation that is served no more. */
function placementOfPinned({ entry, manifest }: Pick<Pinned, 'entry' | 'manifest'>): IndexPlacement {
  const isOfEntry = manifest.generation === entry.manifest.generation
  return isOfEntry ? placementOf(entry) : placementAt(manifest, entry.record.replicas)
}

export function referenceTo({ index, indexUid, generation, version }: Manifest): ManifestReference {
  return { index, indexUid, generation, version }
}
