import type { RowIds } from '@hypershard/qnet'
import type { DocumentGraph } from '@hypershard/storage'
import type { ScanCopy, SegmentToScan, SharedIds } from '../ports.ts'
import type { VectorStarts } from './document-rows.ts'
import type { VectorRows } from './vector-rows.ts'

/** A segment's vectors and ids as a scan reads them. */
export interface ScannableSegment {
  readonly vectors: VectorRows
  readonly ids: RowIds
  readonly starts?: VectorStarts
  /** The int8 copy that a first pass reads instead of the vectors. */
  readonly scanCopy: ScanCopy
  /** Its neighbour graph. */
  readonly graph: Pick<DocumentGraph, 'nearest'> | undefined
}

export interface ScanSegment extends Omit<SegmentToScan, 'key'> {
  readonly segment: ScannableSegment
}

export interface ScanShard {
  readonly shard: number
  readonly segments: readonly ScanSegment[]
}

export function idsOf({ offsets, bytes }: SharedIds): RowIds {
  return { idBytes: row => bytes.subarray(offsets[row], offsets[row + 1]) }
}
