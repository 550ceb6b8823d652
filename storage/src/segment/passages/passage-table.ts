/** Which vectors of a segment are which documents': plain data, so that a thread that scores needs no formats. */

/** A part of a document's text, in code points: from `begin` to before `end`. */
export interface Passage {
  readonly begin: number
  readonly end: number
}

/**
 * A segment's passages, in the order of its vectors: those of row r are `starts[r] .. starts[r + 1]`, one at least. In
 * memory that threads can share.
 */
export interface PassageTable {
  /** [documents + 1] */
  readonly starts: Int32Array<SharedArrayBuffer>
  /** [passages] */
  readonly begins: Int32Array<SharedArrayBuffer>
  readonly ends: Int32Array<SharedArrayBuffer>
}

export function passagesOfRow({ starts, begins, ends }: PassageTable, row: number): Passage[] {
  const passages: Passage[] = []
  for (let at = starts[row]!; at < starts[row + 1]!; at++) passages.push({ begin: begins[at]!, end: ends[at]! })
  return passages
}

/** How many vectors a row has. */
export function countOfRow(table: Pick<PassageTable, 'starts'> | undefined, row: number): number {
  return table === undefined ? 1 : table.starts[row + 1]! - table.starts[row]!
}

/** The row whose passage a vector is of. */
export function rowOfPassage(starts: Int32Array, vector: number): number {
  let low = 0
  let high = starts.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (starts[middle]! <= vector) low = middle
    else high = middle
  }
  return low
}
