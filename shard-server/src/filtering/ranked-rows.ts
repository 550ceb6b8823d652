import { rankScore } from '@hypershard/common'
import type { FilterColumns } from '@hypershard/storage'
import { type Bitmap, hasBit } from '@hypershard/storage/rows'
import { notScored, type ScoreSheet } from '../cpu/score-sheet.ts'
import type { SharedIds } from '../ports.ts'

/** A segment whose rows are ranked by their scores and their values. */
export interface ScoredSegment {
  readonly columns: FilterColumns
  readonly rows: number
  readonly ids: SharedIds
  readonly sheet: ScoreSheet
  /** Rows that do not count, though they were scored. */
  readonly leftOut?: Bitmap
}

/** A row of one of several segments. */
export interface RankedRow {
  /** The segment's place among them. */
  readonly segment: number
  readonly row: number
  readonly score: number
}

/** The rows of a segment that were scored and count. */
export function* scoredRows({ rows, sheet: { scores }, leftOut }: ScoredSegment): Generator<number> {
  for (let row = 0; row < rows; row++) {
    if (scores[row] === notScored || (leftOut !== undefined && hasBit(leftOut, row))) continue
    yield row
  }
}

/** The order of hits, see `compareRank`: ids are compared as the bytes that they are. */
export function compareRowsOf(segments: readonly ScoredSegment[]): (a: RankedRow, b: RankedRow) => number {
  const idOf = ({ segment, row }: RankedRow) => idBytes(segments[segment]!, row)
  return (a, b) => {
    const [scoreA, scoreB] = [rankScore(a.score), rankScore(b.score)]
    return scoreA === scoreB ? Buffer.compare(idOf(a), idOf(b)) : scoreB - scoreA
  }
}

export function idBytes({ ids }: ScoredSegment, row: number): Uint8Array {
  return ids.bytes.subarray(ids.offsets[row], ids.offsets[row + 1])
}
