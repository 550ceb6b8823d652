import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import type { ValueCounts } from '@hypershard/proto/shard'
import { type Bitmap, createBitmap, setBit } from '@hypershard/storage/rows'
import fc from 'fast-check'
import { columnOfValues } from '../testing/column-of-values.ts'
import { countValues } from './count-values.ts'

/** 2^53 + 1 is no double: as one it is 2^53. */
const anyNumber = fc.constantFrom<number | bigint>(0, -0, 1.5, 2 ** 53, 2n ** 53n + 1n, -(2n ** 53n) - 1n)
const anyKeyword = fc.constantFrom('', 'a', 'b', 'é', '\u{1f600}')
const segmentOf = <Value>(values: fc.Arbitrary<Value>) =>
  fc.array(fc.record({ values: fc.array(values, { maxLength: 4 }), excluded: fc.boolean() }), { maxLength: 12 })

interface Row<Value> {
  readonly values: readonly Value[]
  readonly excluded: boolean
}

function toCount<Value extends string | number | bigint>(type: 'keyword' | 'number', rows: readonly Row<Value>[]) {
  const column = columnOfValues(
    type,
    rows.map(({ values }) => values),
  )
  return { column, rows: rows.length, excluded: excludedOf(rows) }
}

function excludedOf(rows: readonly Row<unknown>[]): Bitmap | undefined {
  if (rows.every(({ excluded }) => !excluded)) return undefined
  const bitmap = createBitmap(rows.length)
  for (const [row, { excluded }] of rows.entries()) if (excluded) setBit(bitmap, row)
  return bitmap
}

function toMap({ keywords, numbers, rests, counts }: ValueCounts): Map<string | number | bigint, number> {
  const exact = numbers.map((double, at) => ((rests[at] ?? 0) === 0 ? double : BigInt(double) + BigInt(rests[at]!)))
  return new Map([...keywords, ...exact].map((value, at) => [value, counts[at]!]))
}

/** Document by document. */
function naively(segments: readonly (readonly Row<string | number | bigint>[])[]) {
  const counts = new Map<string | number | bigint, number>()
  for (const { values, excluded } of segments.flat()) {
    if (!excluded) for (const value of new Set(values)) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return counts
}

describe('the counts of values', () => {
  for (const [type, values] of [
    ['keyword', anyKeyword],
    ['number', anyNumber],
  ] as const) {
    it(`are of documents, each once a value, over all segments: ${type}`, () => {
      fc.assert(
        fc.property(fc.array(segmentOf<string | number | bigint>(values), { maxLength: 3 }), segments => {
          const counted = countValues(segments.map(rows => toCount(type, rows)))
          assert.equal(counted.tooMany, false)
          assert.deepEqual(toMap(counted), naively(segments))
        }),
        { numRuns: casesOf({ usual: 100, thorough: 2_000 }) },
      )
    })
  }

  it('are given up where there are more values than allowed, over all segments', () => {
    const rows = (...values: number[]) => toCount('number', [{ values, excluded: false }])
    assert.equal(countValues([rows(1, 2), rows(2, 3)], 3).tooMany, false)
    const given = countValues([rows(1, 2), rows(3, 4)], 3)
    assert.deepEqual(given, { keywords: [], numbers: [], rests: [], counts: [], tooMany: true })
  })
})
