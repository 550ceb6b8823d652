/** What the server's main thread and the thread of a device say to each other. */
import type { DevicePrecision, DeviceProvider } from '@hypershard/qnet'
import type { HeldVectors, ScanStop, SegmentToScan, SharedQNet } from '../ports.ts'
import type { closeMessage } from '../threads/thread-calls.ts'

export interface DeviceThreadData {
  readonly provider: DeviceProvider
  /** `auto`: f16 where a probe finds that the device has it, f32 before. */
  readonly precision: DevicePrecision | 'auto'
  /** Most bytes of vectors in one graph. */
  readonly chunkBytesMax: number
}

/** Which rows of a shard's segments a query wants ranked. */
export interface DeviceRankTask {
  readonly qnet: SharedQNet
  readonly endEpochMs: number
  readonly segments: readonly SegmentToScan[]
  /** Rows wanted of each chunk. */
  readonly count: number
  /** Rows that the device scores higher are left out. */
  readonly ceiling: number
}

export type ToDeviceThread =
  | { readonly type: 'probe'; readonly call: number }
  | {
      readonly type: 'hold'
      readonly call: number
      readonly key: string
      readonly width: number
      readonly vectors: HeldVectors
    }
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'rank'; readonly call: number; readonly work: DeviceRankTask }
  | { readonly type: 'cancel'; readonly call: number }
  | typeof closeMessage

/** What a chunk gave: its best rows, and what the best of all others may have scored. */
export interface RankedChunk {
  /** The segment's place in the task. */
  readonly segment: number
  readonly rows: Int32Array
  /** The device's, best first. */
  readonly scores: Float32Array
  /** No row that may be found and is not among `rows` has a higher score on the device; -∞ where there is none. */
  readonly left: number
  /** Rows of the chunk that can be hits. */
  readonly eligible: number
}

export interface DeviceRanking {
  readonly chunks: readonly RankedChunk[]
  readonly stop: Exclude<ScanStop, 'complete'> | undefined
  /** Values may grow beyond f32 on the way to a score, so that the device's ranks say nothing. */
  readonly tooLarge: boolean
}

export type DeviceResult =
  | { readonly type: 'ready'; readonly precision: DevicePrecision }
  /** The largest magnitude of the segment's values; not finite where one of them is not. */
  | { readonly type: 'held'; readonly magnitude: number }
  | { readonly type: 'rank'; readonly ranking: DeviceRanking }

export interface DeviceAnswer {
  readonly result: DeviceResult
  readonly queueMs: number | undefined
  readonly workMs: number
}
