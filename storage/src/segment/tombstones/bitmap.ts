import assert from 'node:assert/strict'

/** A set of a segment's rows: row r is bit `r & 7` of byte `r >> 3`. Bits beyond the last row are 0. */
export type Bitmap = Uint8Array<ArrayBuffer>

/** Bytes of a bitmap for this many rows. */
export function bitmapBytes(rows: number): number {
  return Math.ceil(rows / 8)
}

/** An empty set. */
export function createBitmap(rows: number): Bitmap {
  return new Uint8Array(bitmapBytes(rows))
}

export function setBit(bitmap: Bitmap, row: number): void {
  bitmap[row >> 3]! |= 1 << (row & 7)
}

export function hasBit(bitmap: Bitmap, row: number): boolean {
  return (bitmap[row >> 3]! & (1 << (row & 7))) !== 0
}

/** How many rows are in the set. */
export function countBits(bitmap: Bitmap): number {
  let count = 0
  for (const byte of bitmap) {
    for (let rest = byte; rest !== 0; rest &= rest - 1) count++
  }
  return count
}

/** The rows of one set that are not in another, as a new one. */
export function subtractBitmap(left: Bitmap, right: Bitmap): Bitmap {
  assert.equal(left.length, right.length, 'bitmaps of segments of another size')
  return left.map((byte, index) => byte & ~right[index]!)
}

/** The rows that are not in the set, as a new one; bits beyond the last row are 1 in it. */
export function complementOf(bitmap: Bitmap): Bitmap {
  return bitmap.map(byte => ~byte)
}

/** The rows that are in either set, as a new one. */
export function uniteBitmaps(left: Bitmap, right: Bitmap): Bitmap {
  assert.equal(left.length, right.length, 'bitmaps of segments of another size')
  return left.map((byte, index) => byte | right[index]!)
}
