/** What the server's main thread and its scoring threads say to each other. All plain data, big buffers shared. */

import type {
  HeldRow,
  LeafScores,
  RowToScore,
  ScanRequest,
  ScanStop,
  SegmentToHold,
  ShardScan,
  ShardToScan,
} from '../ports.ts'
import type { ShardPlan } from './choose-plan.ts'
import type { EstimatedVectors, VectorToEstimate } from './estimate-vectors.ts'
import type { Ranked, RankWish } from './rank-candidates.ts'
import type { FloatPlane } from './tangent-planes.ts'

export type HoldMessage = SegmentToHold & { readonly type: 'hold'; readonly call: number }

/** A shard, and how it is searched. */
export interface PlannedShard extends ShardToScan {
  readonly plan: ShardPlan
}

/** What every task of a query has. */
export type TaskQuery = Pick<ScanRequest, 'qnet' | 'composed' | 'scoring' | 'rangeSample' | 'endEpochMs'>

/** Shards for one thread alone, or, by blocks, for all. */
export interface ScanTask extends TaskQuery, Pick<ScanRequest, 'limit' | 'after'> {
  readonly shards: readonly PlannedShard[]
  /**
   * A counter in shared memory, with the next block that no thread has claimed; all shards are searched exactly then.
   * Undefined where one thread does it all.
   */
  readonly blockCounter: Int32Array<SharedArrayBuffer> | undefined
}

/** A part of a shard to rank by tangent. */
export interface RankTask extends TaskQuery {
  readonly shard: ShardToScan
  readonly wish: RankWish
}

/** A shard whose segments' tangent planes are wanted, for something else to rank by. */
export interface PlanesTask extends TaskQuery {
  readonly shard: ShardToScan
}

/** Vectors that something else has found, to estimate as the tangent plan does. */
export interface EstimateTask extends PlanesTask {
  /** By segment. */
  readonly planes: readonly FloatPlane[]
  readonly vectors: readonly VectorToEstimate[]
}

/** Candidates to score. */
export interface ScoreTask extends TaskQuery {
  readonly shard: ShardToScan
  readonly candidates: readonly RowToScore[]
}

/** Documents to score by each leaf of a composed query. */
export interface LeavesTask extends TaskQuery {
  readonly rows: readonly HeldRow[]
}

export type ScoringTask =
  | { readonly type: 'scan'; readonly work: ScanTask }
  | { readonly type: 'rank'; readonly work: RankTask }
  | { readonly type: 'planes'; readonly work: PlanesTask }
  | { readonly type: 'estimate'; readonly work: EstimateTask }
  | { readonly type: 'score'; readonly work: ScoreTask }
  | { readonly type: 'leaves'; readonly work: LeavesTask }

export type ToScoringThread =
  | HoldMessage
  | { readonly type: 'drop'; readonly key: string }
  | (ScoringTask & { readonly call: number })
  | { readonly type: 'cancel'; readonly call: number }
  | { readonly type: 'close' }

/** Of a scan: one a shard, undefined for one that its tangent is no use for and that had better be searched exactly. */
export type ThreadScans = readonly (ShardScan | undefined)[]

export type TaskResult =
  | { readonly type: 'held' }
  | { readonly type: 'scan'; readonly scans: ThreadScans }
  | { readonly type: 'rank'; readonly ranked: Ranked }
  /** By segment; none where the query ended before. */
  | ({ readonly type: 'planes'; readonly planes: readonly FloatPlane[] } & Pick<Ranked, 'stop'>)
  | ({ readonly type: 'estimate' } & EstimatedVectors & Pick<Ranked, 'stop'>)
  | {
      readonly type: 'score'
      /** Of the candidates, or of the first of them. */
      readonly scores: Float32Array
      /** As `DocumentScores`. */
      readonly passages: Int32Array | undefined
      readonly stop: Exclude<ScanStop, 'complete'> | undefined
    }
  | { readonly type: 'leaves'; readonly found: LeafScores }

export interface ThreadAnswer {
  readonly result: TaskResult
  /** As the whole answer's; undefined when other threads took all pieces. */
  readonly queueMs: number | undefined
  readonly workMs: number
}
