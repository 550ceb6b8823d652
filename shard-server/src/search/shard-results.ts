/** What a shard server says of each shard it was asked for. */
import { nothingScanned, scanCountsOf } from '@hypershard/common'
import { SearchPlan, type ShardHit, type ShardResult, StopReason, type ValueCounts } from '@hypershard/proto/shard'
import { passagesOfRow } from '@hypershard/storage'
import { countOfRow } from '../cpu/document-rows.ts'
import type { ScanHit, ScanStop, ShardScan } from '../ports.ts'
import type { WordHit } from '../words/search-words.ts'
import { toShardError } from './check-request.ts'
import type { LeasedShard } from './lease-shard.ts'

/** A leased shard, and what was counted of it. */
export interface ReadyShard extends LeasedShard {
  readonly facets: ValueCounts[]
}

/** Of a shard that was not searched. */
export function failedResult(shard: number, error: unknown): ShardResult {
  return { ...emptyResult(shard), stopReason: StopReason.STOP_REASON_ERROR, error: toShardError(error) }
}

const stopReasons: Readonly<Record<ScanStop, StopReason>> = {
  complete: StopReason.STOP_REASON_COMPLETE,
  deadline: StopReason.STOP_REASON_DEADLINE,
  cancelled: StopReason.STOP_REASON_CANCELLED,
}

export function toResult({ segments, facets }: ReadyShard, scan: ShardScan, queueMs: number): ShardResult {
  return {
    ...emptyResult(scan.shard),
    hits: scan.hits.map(hit => toHit(hit, segments)),
    estimates: [...(scan.estimates ?? [])],
    ...scanCountsOf(scan),
    plan: planOf(scan),
    documentsMatched: segments.reduce((sum, { eligible }) => sum + eligible, 0),
    stopReason: stopReasons[scan.stop],
    nonFiniteScores: scan.nonFiniteScores,
    documentsBefore: scan.beforeCount,
    facets,
    scoreMs: scan.scoreMs,
    queueMs,
  }
}

/** The passage that scored best is told of a document that has several. */
export function toHit(
  { id, score, segment, row, passage, wordsScore }: ScanHit & Partial<WordHit>,
  segments: ReadyShard['segments'],
): ShardHit {
  const table = passage === undefined ? undefined : segments.find(({ position }) => position === segment)!.passages
  return {
    id,
    score,
    address: { segment, row },
    document: undefined,
    sort: [],
    passage: table && countOfRow(table.starts, row) > 1 ? passagesOfRow(table, row)[passage!] : undefined,
    ...(wordsScore !== undefined && { wordsScore }),
  }
}

/** The plan that was really used, whichever was asked for. */
function planOf({ plan, documentsWalked }: ShardScan): SearchPlan {
  if (plan === 'exact') return SearchPlan.SEARCH_PLAN_EXACT
  return documentsWalked > 0 ? SearchPlan.SEARCH_PLAN_GRAPH : SearchPlan.SEARCH_PLAN_TANGENT
}

function emptyResult(shard: number): ShardResult {
  return {
    shard,
    hits: [],
    ...nothingScanned,
    plan: SearchPlan.SEARCH_PLAN_UNSPECIFIED,
    documentsMatched: 0,
    stopReason: StopReason.STOP_REASON_UNSPECIFIED,
    error: undefined,
    nonFiniteScores: 0,
    documentsBefore: undefined,
    queueMs: 0,
    scoreMs: 0,
    headMs: 0,
    facets: [],
    groups: undefined,
    estimates: [],
  }
}
