import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { blockRows } from '@hypershard/qnet'
import { createBitmap, hasBit, setBit } from '@hypershard/storage'
import fc from 'fast-check'
import { eligibleRows, eligibleRowsOf, rowBlocks } from './row-blocks.ts'

/** Rows left out in stretches of their own density, as sorted data leaves them. */
const anyExcluded = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 1_500 }), fc.constantFrom(0, 0.1, 0.5, 0.99, 1)), {
    minLength: 1,
    maxLength: 6,
  })
  .chain(stretches =>
    fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })).map(dice => {
      const rows = stretches.reduce((sum, [length]) => sum + length, 0)
      const excluded = createBitmap(rows)
      let row = 0
      for (const [length, share] of stretches) {
        for (const end = row + length; row < end; row++) if (dice.next().value < share) setBit(excluded, row)
      }
      return { rows, excluded }
    }),
  )

describe('rowBlocks', () => {
  it('has every eligible row once, in order, and no block without any', () => {
    fc.assert(
      fc.property(anyExcluded, ({ rows, excluded }) => {
        const seen: number[] = []
        let before = 0
        for (const block of rowBlocks(rows, excluded)) {
          assert.ok(block.first >= before && block.last <= rows)
          before = block.last
          const own = block.rows ?? Array.from({ length: block.last - block.first }, (_, at) => block.first + at)
          assert.ok(own.length >= 1 && own.length <= blockRows)
          if (block.rows !== undefined) for (const row of own) assert.ok(!hasBit(excluded, row))
          seen.push(...[...own].filter(row => !hasBit(excluded, row)))
        }
        assert.deepEqual(seen, eligibleRowsOf(0, rows, excluded))
        assert.equal(seen.length, eligibleRows(0, rows, excluded))
      }),
      { numRuns: casesOf({ usual: 60, thorough: 600 }) },
    )
  })

  it('copies out few rows, and scores a stretch whole where few are left out', () => {
    const excluded = createBitmap(2 * blockRows)
    for (let row = 0; row < blockRows; row++) if (row % 10 !== 0) setBit(excluded, row)
    const [sparse, ...dense] = [...rowBlocks(2 * blockRows, excluded)]
    assert.deepEqual([...sparse!.rows!.slice(0, 4)], [0, 10, 20, 30])
    assert.equal(sparse!.rows!.length, blockRows)
    assert.equal(
      dense.reduce((sum, { first, last }) => sum + last - first, 0),
      2 * blockRows - sparse!.last,
    )
    assert.ok(dense.every(({ rows }) => rows === undefined))
  })

  it('cuts a segment without exclusions into whole stretches', () => {
    assert.deepEqual(
      [...rowBlocks(blockRows + 1, undefined)].map(({ first, last }) => [first, last]),
      [
        [0, blockRows],
        [blockRows, blockRows + 1],
      ],
    )
  })
})
