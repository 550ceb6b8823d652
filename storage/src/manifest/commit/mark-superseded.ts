import { setImmediate } from 'node:timers/promises'
import { type IdColumn, textAt } from '../../segment/formats/utf8-column.ts'
import { type Bitmap, countBits, createBitmap, hasBit, setBit, uniteBitmaps } from '../../segment/tombstones/bitmap.ts'
import { IdSet } from './id-set.ts'

/** Looked up between two turns of the event loop: about a millisecond. */
const rowsPerTurn = 4096

export interface Superseded {
  /** The segment's deleted rows: those before and those now. */
  readonly deleted: Bitmap
  /** How many rows are deleted in all. */
  readonly count: number
  /** How many of them are new. */
  readonly added: number
}

/**
 * Which rows of a segment are deleted once documents with `newIds` have been put again.
 * @param deleted the rows that were deleted before; left as it is
 */
export async function markSuperseded(ids: IdColumn, deleted: Bitmap | undefined, newIds: IdSet): Promise<Superseded> {
  const rows = ids.offsets.length - 1
  const marked = createBitmap(rows)
  let added = 0
  for (let row = 0; row < rows; row++) {
    if (row % rowsPerTurn === rowsPerTurn - 1) await setImmediate()
    const wasDeleted = deleted !== undefined && hasBit(deleted, row)
    if (wasDeleted || !newIds.hasRow(ids, row)) continue
    setBit(marked, row)
    added++
  }
  const all = deleted === undefined ? marked : uniteBitmaps(deleted, marked)
  return { deleted: all, count: countBits(all), added }
}

/** The ids of several segments as one set. */
export async function idSetOf(columns: AsyncIterable<IdColumn>): Promise<IdSet> {
  const ids = new IdSet()
  for await (const column of columns) {
    const rows = column.offsets.length - 1
    for (let row = 0; row < rows; row++) {
      if (row % rowsPerTurn === rowsPerTurn - 1) await setImmediate()
      ids.add(textAt(column, row))
    }
  }
  return ids
}
