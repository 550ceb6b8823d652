import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Bitmap, countBits, createBitmap, hasBit, setBit, uniteBitmaps } from './bitmap.ts'

const rowsMax = 70

const rowSets = fc.integer({ min: 1, max: rowsMax }).chain(rows =>
  fc.record({
    rows: fc.constant(rows),
    left: fc.array(fc.nat({ max: rows - 1 })),
    right: fc.array(fc.nat({ max: rows - 1 })),
  }),
)

function bitmapOf(rows: number, members: readonly number[]): Bitmap {
  const bitmap = createBitmap(rows)
  for (const row of members) setBit(bitmap, row)
  return bitmap
}

describe('a bitmap of rows', () => {
  it('is a set: membership, size and union agree with Set', () => {
    fc.assert(
      fc.property(rowSets, ({ rows, left, right }) => {
        const bitmap = uniteBitmaps(bitmapOf(rows, left), bitmapOf(rows, right))
        const oracle = new Set([...left, ...right])
        for (let row = 0; row < rows; row++) assert.equal(hasBit(bitmap, row), oracle.has(row))
        assert.equal(countBits(bitmap), oracle.size)
      }),
    )
  })

  it('leaves what it unites as it was', () => {
    const left = bitmapOf(9, [1])
    uniteBitmaps(left, bitmapOf(9, [8]))
    assert.deepEqual([...left], [2, 0])
  })

  it('has row r at bit r & 7 of byte r >> 3, as the file format says', () => {
    assert.deepEqual([...bitmapOf(17, [0, 3, 8, 16])], [0b1001, 1, 1])
  })
})
