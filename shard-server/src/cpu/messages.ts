/** What the server's main thread and its scoring threads say to each other. All plain data, big buffers shared. */
import type { RankPosition } from '@hypershard/common'
import type { Precision, QNetArchitecture, ScoringPrecision } from '@hypershard/qnet'
import type { RecallKnob } from '@hypershard/storage'
import type { SharedWeights } from '../qnets/weights-memory.ts'
import type { ScanCopy } from './scan-copy.ts'

/**
 * How documents are chosen for the q-net to score. exact: all of them. tangent: the best by a tangent of the q-net,
 * among all. graph: the same, among those that a walk of the graph reaches. auto: whichever of these is cheapest and
 * known to reach a recall.
 */
export type ScanPlan =
  | { readonly kind: 'exact' }
  | { readonly kind: 'tangent'; readonly candidates: number }
  | { readonly kind: 'graph'; readonly candidates: number; readonly expansion: number }
  /** `hits`: how many are wanted, counting those of earlier pages. */
  | { readonly kind: 'auto'; readonly recall: number; readonly hits: number }

/** One query's work, the same for every scoring thread. */
export interface ScanTask {
  readonly qnet: {
    readonly digest: string
    readonly architecture: QNetArchitecture
    readonly precision: Precision
    /** Every thread reads them in place. */
    readonly weights: SharedWeights
    /** This server made the weights from token states, and the digest is that of the token states. */
    readonly madeHere?: boolean
  }
  readonly scoring: ScoringPrecision
  readonly plan: ScanPlan
  /** Document vectors [rows, width] that int8 scoring measures its ranges on; empty for fp32. */
  readonly sample: Float32Array
  readonly limit: number
  readonly after: RankPosition | undefined
  /** When to have answered, in milliseconds since the epoch: clocks of threads differ only in their origin. */
  readonly endEpochMs: number
  /**
   * Two counters in shared memory, each with the next piece that no thread has claimed: one for shards that are
   * searched exactly, one for the others.
   */
  readonly blockCounter: Int32Array<SharedArrayBuffer>
  readonly shards: readonly {
    readonly shard: number
    readonly segments: readonly {
      readonly key: string
      readonly position: number
      readonly excluded: Uint8Array<ArrayBuffer> | undefined
      readonly eligible: number
    }[]
  }[]
}

/** A segment's ids: row r's UTF-8 is bytes[offsets[r], offsets[r + 1]). */
export interface SharedIds {
  readonly offsets: Int32Array<SharedArrayBuffer>
  readonly bytes: Uint8Array<SharedArrayBuffer>
}

/** f32 vectors in memory, or in a local file of nothing else, which lies there until every thread has opened it. */
export type HeldVectors = Float32Array<SharedArrayBuffer> | { readonly path: string }

export interface HoldMessage {
  readonly type: 'hold'
  readonly call: number
  readonly key: string
  readonly width: number
  readonly vectors: HeldVectors
  readonly ids: SharedIds
  readonly scanCopy: ScanCopy
  /** Where its graph lies until every thread has opened it; undefined for none. */
  readonly graphPath: string | undefined
  readonly recallKnobs: readonly RecallKnob[]
}

export type ToScoringThread =
  | HoldMessage
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'scan'; readonly call: number; readonly work: ScanTask }
  | { readonly type: 'cancel'; readonly call: number }
  | { readonly type: 'close' }

export type ScanStop = 'complete' | 'deadline' | 'cancelled'

export interface ScanHit {
  readonly id: string
  readonly score: number
  readonly segment: number
  readonly row: number
}

export interface ShardScan {
  readonly shard: number
  /** Best first. */
  readonly hits: readonly ScanHit[]
  /** Documents that the q-net scored. */
  readonly documentsScored: number
  /** Documents ranked by a tangent of the q-net; 0 in the exact plan. */
  readonly documentsScanned: number
  /** Documents of segments searched by graph walk. */
  readonly documentsWalked: number
  readonly plan: 'exact' | 'tangent'
  readonly nonFiniteScores: number
  readonly stop: ScanStop
  readonly scoreMs: number
}

/** One thread's share of the answer: one scan a shard of the task, in its order. For `hold` there is none. */
export interface ScanAnswer {
  readonly scans: readonly ShardScan[]
  /**
   * Time from the task's arrival until this thread began a first piece: waiting, and reading the q-net. Undefined when
   * other threads took all pieces.
   */
  readonly queueMs: number | undefined
}
