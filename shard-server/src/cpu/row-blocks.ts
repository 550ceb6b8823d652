/** Which rows of a segment are scored together, and how those in between are left out. */
import { blockRows } from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage/rows'
import { countOfRow, type VectorStarts } from './document-rows.ts'

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
 * Cuts a segment into blocks of rows with at most `blockRows` vectors, or one row that has more, to score; the same ones for
 * everybody who asks. All vectors of a row are in its block. Where no rows are eligible there is no block.
 */
export function* rowBlocks(documents: number, excluded: Excluded, starts?: VectorStarts): Generator<RowBlock> {
  for (let first = 0; first < documents; ) {
    const last = endOfBlock(first, documents, starts)
    const eligible = eligibleRows(first, last, excluded)
    if (eligible >= gatherShare * (last - first)) {
      yield { first, last, rows: undefined }
      first = last
    } else {
      const block = gatherBlock(first, { documents, starts }, excluded!)
      if (block.rows!.length > 0) yield block
      first = block.last
    }
  }
}

function endOfBlock(first: number, documents: number, starts: VectorStarts): number {
  if (starts === undefined) return Math.min(first + blockRows, documents)
  let last = first + 1
  while (last < documents && starts[last + 1]! - starts[first]! <= blockRows) last++
  return last
}

/** The next eligible rows, of `blockRows` vectors or as many as there are. */
function gatherBlock(
  first: number,
  { documents, starts }: { readonly documents: number; readonly starts: VectorStarts },
  excluded: Uint8Array<ArrayBuffer>,
): RowBlock {
  const rows = new Int32Array(blockRows)
  let count = 0
  let vectors = 0
  let row = first
  for (; row < documents && vectors < blockRows; row++) {
    // Eight rows at a time where all are left out.
    if ((row & 7) === 0 && excluded[row >> 3] === 0xff) row += 7
    else if (!hasBit(excluded, row)) {
      const own = countOfRow(starts, row)
      if (count > 0 && vectors + own > blockRows) break
      vectors += own
      rows[count++] = row
    }
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
