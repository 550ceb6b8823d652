import { rowOfPassage } from '@hypershard/storage/rows'
import { firstVectorOf, type VectorStarts } from './document-rows.ts'
import { eligibleRows } from './row-blocks.ts'
import { stretchRows } from './scan-copy.ts'
import type { ScanSegment } from './scan-segment.ts'

/** The vectors of a stretch, or of another part of a segment, and the documents that have any of them. */
export interface RowsOfStretch {
  /** Vectors from `first` to before `last`. */
  readonly first: number
  readonly last: number
  readonly rows: { readonly first: number; readonly last: number }
  /** Eligible documents among them. */
  readonly touched: number
  /** Those that begin in the stretch: each does in one. */
  readonly eligible: number
}

export function rowsOfStretch({ segment, excluded }: ScanSegment, stretch: number): RowsOfStretch {
  const { starts, scanCopy, vectors } = segment
  const first = stretch * stretchRows
  const last = first + scanCopy.stretches[stretch]!.length / vectors.width
  return rowsOfVectors({ first, last }, starts, excluded)
}

export function rowsOfVectors(
  { first, last }: { readonly first: number; readonly last: number },
  starts: VectorStarts,
  excluded: ScanSegment['excluded'],
): RowsOfStretch {
  const rows = { first: ownerOf(starts, first), last: ownerOf(starts, last - 1) + 1 }
  const touched = eligibleRows(rows.first, rows.last, excluded)
  const beginsBefore = firstVectorOf(starts, rows.first) < first
  const eligible = beginsBefore ? touched - eligibleRows(rows.first, rows.first + 1, excluded) : touched
  return { first, last, rows, touched, eligible }
}

/** The row that a vector is of. */
export function ownerOf(starts: VectorStarts, vector: number): number {
  return starts === undefined ? vector : rowOfPassage(starts, vector)
}
