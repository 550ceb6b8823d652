/** What the server's main thread and its scoring thread say to each other. All plain data, big buffers moved. */
import type { RankPosition } from '@hypershard/common'
import type { Precision, QNetArchitecture, ScoringPrecision } from '@hypershard/qnet'
import type { IdColumn } from '@hypershard/segments'
import type { ShardScan } from './scan-shards.ts'

/** One query's work for the scoring thread. */
export interface ScanTask {
  readonly qnet: {
    readonly digest: string
    readonly architecture: QNetArchitecture
    readonly precision: Precision
    readonly weights: Uint8Array
  }
  readonly scoring: ScoringPrecision
  /** Document vectors [rows, width] that int8 scoring measures its ranges on; empty for fp32. */
  readonly sample: Float32Array
  readonly limit: number
  readonly after: RankPosition | undefined
  /** When to have answered, in milliseconds since the epoch: clocks of threads differ only in their origin. */
  readonly endEpochMs: number
  readonly shards: readonly {
    readonly shard: number
    readonly segments: readonly {
      readonly key: string
      readonly position: number
      readonly deleted: Uint8Array<ArrayBuffer> | undefined
    }[]
  }[]
}

export type ToScoringThread =
  | {
      readonly type: 'hold'
      readonly key: string
      readonly width: number
      readonly vectors: Float32Array
      readonly ids: IdColumn
    }
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'scan'; readonly call: number; readonly work: ScanTask }
  | { readonly type: 'cancel'; readonly call: number }
  | { readonly type: 'close' }

/** One answer a shard of the task, in its order. */
export interface ScanAnswer {
  readonly scans: readonly ShardScan[]
  /** Between the task's arrival and its first turn. */
  readonly queueMs: number
}
