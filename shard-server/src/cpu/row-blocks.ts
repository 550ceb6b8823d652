/** Which rows of a segment are scored together, and how those in between are left out. */
import { blockRows } from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage/rows'

type Excluded = Uint8Array<ArrayBuffer> | undefined

/** Rows to score at once: `rows`, or all from `first` to before `last`. */
export interface RowBlock {
  readonly first: number
  readonly last: number
  readonly rows: Int32Array | undefined
}

/**
 * Of `blockRows` rows with a smaller share of eligible ones, those are copied out and scored; otherwise all rows are.
 */
const gatherShare = 0.75

/**
 * Cuts a segment into blocks of at most `blockRows` rows to score; the same ones for everybody who asks. Where no rows
 * are eligible there is no block.
 */
export function* rowBlocks(documents: number, excluded: Excluded): Generator<RowBlock> {
  for (let first = 0; first < documents; ) {
    const last = Math.min(first + blockRows, documents)
    const eligible = eligibleRows(first, last, excluded)
    if (eligible >= gatherShare * (last - first)) {
      yield { first, last, rows: undefined }
      first = last
    } else {
      const block = gatherBlock(first, documents, excluded!)
      if (block.rows!.length > 0) yield block
      first = block.last
    }
  }
}

/** The next `blockRows` eligible rows, or as many as there are. */
function gatherBlock(first: number, documents: number, excluded: Uint8Array<ArrayBuffer>): RowBlock {
  const rows = new Int32Array(blockRows)
  let count = 0
  let row = first
  for (; row < documents && count < blockRows; row++) {
    // Eight rows at a time where all are left out.
    if ((row & 7) === 0 && excluded[row >> 3] === 0xff) row += 7
    else if (!hasBit(excluded, row)) rows[count++] = row
  }
  return { first, last: Math.min(row, documents), rows: rows.subarray(0, count) }
}

/** How many of the rows from `first` to before `last` are eligible. */
export function eligibleRows(first: number, last: number, excluded: Excluded): number {
  if (excluded === undefined) return last - first
  let rows = 0
  for (let row = first; row < last; row++) if (!hasBit(excluded, row)) rows++
  return rows
}

/** Those rows. */
export function eligibleRowsOf(first: number, last: number, excluded: Excluded): number[] {
  const rows: number[] = []
  for (let row = first; row < last; row++) if (excluded === undefined || !hasBit(excluded, row)) rows.push(row)
  return rows
}
