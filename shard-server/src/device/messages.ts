/** What the server's main thread and the thread of a device say to each other. */
import type { DevicePrecision, DeviceProvider, QNetArchitecture } from '@hypershard/qnet'
import type { HeldVectors, ScanStop, SegmentToScan, SharedQNet } from '../ports.ts'
import type { closeMessage } from '../threads/thread-calls.ts'
import type { ProbedCosts } from './device-costs.ts'

export interface DeviceThreadData {
  readonly provider: DeviceProvider
  /** `auto`: f16 where a probe finds that the device has it, f32 before. */
  readonly precision: DevicePrecision | 'auto'
  /** Most bytes of vectors in one graph. */
  readonly chunkBytesMax: number
  /** Most bytes of queries' weights that lie on the device; more go in with each run. */
  readonly weightsBytesMax: number
}

/** What vectors are ranked by: a q-net's scores, or inner products with a vector, f32 [width], of each segment's own. */
export type RankedBy =
  | { readonly kind: 'qnet'; readonly qnet: SharedQNet }
  | {
      readonly kind: 'vectors'
      /** What the segments' graphs are compiled for. */
      readonly architecture: QNetArchitecture
      /** By segment. */
      readonly vectors: readonly Float32Array[]
    }

/** Which vectors of a shard's segments a query wants ranked. */
export interface DeviceRankTask {
  readonly by: RankedBy
  readonly endEpochMs: number
  readonly segments: readonly SegmentToScan[]
  /** Vectors wanted of each chunk. */
  readonly count: number
  /** Vectors that the device scores higher are left out. */
  readonly ceiling: number
}

export type ToDeviceThread =
  | { readonly type: 'probe'; readonly call: number; readonly withCosts: boolean }
  | {
      readonly type: 'hold'
      readonly call: number
      readonly key: string
      readonly width: number
      readonly vectors: HeldVectors
      /** As `SegmentToHold` has them. */
      readonly vectorStarts: Int32Array<SharedArrayBuffer> | undefined
    }
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'rank'; readonly call: number; readonly work: DeviceRankTask }
  | { readonly type: 'cancel'; readonly call: number }
  | typeof closeMessage

/** What a chunk gave: its best vectors, and what the best of all others may have scored. */
export interface RankedChunk {
  /** The segment's place in the task. */
  readonly segment: number
  /** By their number in the segment, which is their document's where each has one. */
  readonly vectors: Int32Array
  /** The device's, best first. */
  readonly scores: Float32Array
  /** No vector that may be found and is not among these has a higher score on the device; -∞ where there is none. */
  readonly left: number
  /** Documents that begin in the chunk and can be hits. */
  readonly eligible: number
}

export interface DeviceRanking {
  readonly chunks: readonly RankedChunk[]
  readonly stop: Exclude<ScanStop, 'complete'> | undefined
  /** Values may grow beyond f32 on the way to a score, so that the device's ranks say nothing. */
  readonly tooLarge: boolean
}

export type DeviceResult =
  /** The costs where they were asked for. */
  | { readonly type: 'ready'; readonly precision: DevicePrecision; readonly costs: ProbedCosts | undefined }
  /** The largest magnitude of the segment's values; not finite where one of them is not. */
  | { readonly type: 'held'; readonly magnitude: number }
  | { readonly type: 'rank'; readonly ranking: DeviceRanking }

export interface DeviceAnswer {
  readonly result: DeviceResult
  readonly queueMs: number | undefined
  readonly workMs: number
}
