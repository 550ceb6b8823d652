import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { blockRows } from '@hypershard/qnet'
import { createBitmap, setBit } from '@hypershard/storage/rows'
import fc from 'fast-check'
import { makeScanCopy } from './scan-copy.ts'
import { scanShards } from './scan-shards.ts'
import { createSheet, notScored, type ScoreSheet } from './score-sheet.ts'
import { vectorsInMemory } from './vector-rows.ts'

/** A vector's one number is its score. */
const scorer = { score: async (vectors: Float32Array) => Float32Array.from(vectors) }

interface Row {
  /** Of its passages. */
  readonly scores: readonly number[]
  readonly excluded: boolean
}

async function scan(rows: readonly Row[], { hasPassages, sheet }: { hasPassages: boolean; sheet?: ScoreSheet }) {
  const vectors = vectorsInMemory(Float32Array.from(rows.flatMap(({ scores }) => scores)), 1)
  const excluded = createBitmap(rows.length)
  const starts = new Int32Array(rows.length + 1)
  for (const [row, own] of rows.entries()) {
    if (own.excluded) setBit(excluded, row)
    starts[row + 1] = starts[row]! + own.scores.length
  }
  const ids = { idBytes: (row: number) => Buffer.from(`${row}`) }
  const held = { vectors, ids, scanCopy: makeScanCopy(vectors), graph: undefined, ...(hasPassages && { starts }) }
  const eligible = rows.filter(own => !own.excluded).length
  const segments = [{ segment: held, position: 0, excluded, eligible, sheet }]
  let piece = 0
  const claimPiece = () => piece++
  const options = { limit: rows.length, claimPiece, stopBefore: () => undefined, monotonicMs: () => 0 }
  const steps = scanShards(scorer, [{ shard: 0, segments }], options)
  for (;;) {
    const { done, value } = await steps.next()
    if (done) return value[0]!
  }
}

describe('a score sheet', () => {
  for (const hasPassages of [false, true]) {
    const row = fc.record({
      scores: fc.array(fc.constantFrom(0, 1, 2.5, Number.NaN, Number.POSITIVE_INFINITY), {
        minLength: 1,
        maxLength: hasPassages ? 3 : 1,
      }),
      excluded: fc.boolean(),
    })
    it(`has what a scan gives its hits, and nothing of other rows${hasPassages ? ', with passages' : ''}`, async () => {
      // With few rows left out whole blocks are scored, and with many the others are copied out.
      const rows = fc.tuple(fc.array(row, { minLength: 1, maxLength: 12 }), fc.nat(blockRows))
      await fc.assert(
        fc.asyncProperty(rows, async ([some, more]) => {
          const all = [...some, ...Array.from({ length: more }, () => ({ scores: [1], excluded: false }))]
          const sheet = createSheet(all.length, hasPassages)
          const [hits, filled] = [await scan(all, { hasPassages }), await scan(all, { hasPassages, sheet })]
          assert.deepEqual(filled, { ...hits, hits: [] })
          const expected = new Float32Array(all.length).fill(notScored)
          for (const { row, score, passage } of hits.hits) {
            expected[row] = Number.isFinite(score) ? score : Number.NaN
            assert.equal(sheet.passages?.[row], passage)
          }
          assert.deepEqual(sheet.scores, expected)
        }),
        { numRuns: casesOf({ usual: 50, thorough: 1_000 }) },
      )
    })
  }
})
