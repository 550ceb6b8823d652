import type { RowIds } from '@hypershard/qnet'
import type { DocumentGraph, RecallKnob } from '@hypershard/storage'
import type { ScanCopy } from './scan-copy.ts'
import type { VectorRows } from './vector-rows.ts'

/** A segment's vectors and ids as a scan reads them. */
export interface ScannableSegment {
  readonly vectors: VectorRows
  readonly ids: RowIds
  /** The int8 copy that a first pass reads instead of the vectors. */
  readonly scanCopy: ScanCopy
  /** Its neighbour graph, and what finds how much in it. */
  readonly graph: Pick<DocumentGraph, 'nearest'> | undefined
  readonly recallKnobs: readonly RecallKnob[]
}

export interface ScanSegment {
  readonly segment: ScannableSegment
  /** The segment's place in the manifest, for the hit's address. */
  readonly position: number
  /** Rows that cannot be hits: replaced, deleted, or left out by the filter; undefined for none. */
  readonly excluded: Uint8Array<ArrayBuffer> | undefined
  /** How many rows can be hits. */
  readonly eligible: number
}

export interface ScanShard {
  readonly shard: number
  readonly segments: readonly ScanSegment[]
}
