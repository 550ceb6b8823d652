import { type IdColumn, textAt } from './utf8-column.ts'

/** The id of a row. */
export function idAt(ids: IdColumn, row: number): string {
  return textAt(ids, row)
}

/**
 * The order of ids: by their UTF-8 bytes, which is by code point, and not JavaScript's own order of UTF-16 units.
 * @returns negative, 0 or positive, for `sort`
 */
export function compareIds(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return codePointRank(a) - codePointRank(b)
  }
  return left.length - right.length
}

/** The same order, of two rows and without making strings. */
export function compareIdsAt(left: IdColumn, leftRow: number, right: IdColumn, rightRow: number): number {
  const a = left.offsets[leftRow]!
  const b = right.offsets[rightRow]!
  const leftLength = left.offsets[leftRow + 1]! - a
  const rightLength = right.offsets[rightRow + 1]! - b
  const length = Math.min(leftLength, rightLength)
  for (let index = 0; index < length; index++) {
    const difference = left.bytes[a + index]! - right.bytes[b + index]!
    if (difference !== 0) return difference
  }
  return leftLength - rightLength
}

/** Surrogates stand for code points above U+FFFF, so they come after U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
