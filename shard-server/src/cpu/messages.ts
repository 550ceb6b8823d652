/** What the server's main thread and its scoring threads say to each other. All plain data, big buffers shared. */
import type { RankPosition } from '@hypershard/common'
import type { Precision, QNetArchitecture, ScoringPrecision } from '@hypershard/qnet'
import type { RecallKnob } from '@hypershard/storage'
import type { SharedWeights } from '../qnets/weights-memory.ts'
import type { ScanCopy } from './scan-copy.ts'

/**
 * How candidates are found: none left out; the best by a tangent of the q-net, of all documents or of those that a walk of
 * their graph comes to; or whatever is cheapest for a recall.
 */
export type ScanPlan =
  | { readonly kind: 'exact' }
  | { readonly kind: 'tangent'; readonly candidates: number }
  | { readonly kind: 'graph'; readonly candidates: number; readonly expansion: number }
  /** `hits`: how many, with those of the pages before. */
  | { readonly kind: 'auto'; readonly recall: number; readonly hits: number }

/** One query's work, the same for every scoring thread. */
export interface ScanTask {
  readonly qnet: {
    readonly digest: string
    readonly architecture: QNetArchitecture
    readonly precision: Precision
    /** Every thread reads them in place. */
    readonly weights: SharedWeights
    /** By this server, of token states: the digest is of those. */
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
  /** Two numbers in shared memory: the next piece that no thread has claimed, of the exact shards and of the others. */
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
  /** By the q-net. */
  readonly documentsScored: number
  /** By a tangent of it; none in the exact plan. */
  readonly documentsScanned: number
  /** In segments whose graph was walked to those that are best by a tangent. */
  readonly documentsWalked: number
  readonly plan: 'exact' | 'tangent'
  readonly nonFiniteScores: number
  readonly stop: ScanStop
  readonly scoreMs: number
}

/** One thread's share of the answer: one scan a shard of the task, in its order. For `hold` there is none. */
export interface ScanAnswer {
  readonly scans: readonly ShardScan[]
  /** From the task's arrival to its first piece: waiting, and reading the q-net; undefined where others took all pieces. */
  readonly queueMs: number | undefined
}
