import type { RowIds } from '@hypershard/qnet'
import type { DocumentGraph, RecallKnob } from '@hypershard/storage'
import type { ScanCopy, SegmentToScan } from '../ports.ts'
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

export interface ScanSegment extends Omit<SegmentToScan, 'key'> {
  readonly segment: ScannableSegment
}

export interface ScanShard {
  readonly shard: number
  readonly segments: readonly ScanSegment[]
}
