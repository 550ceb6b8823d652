import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { compareExactValues, compareSortValues, type ExactValue } from '@hypershard/storage/rows'
import fc from 'fast-check'
import { scoredSegment, type TestRow } from '../testing/scored-segment.ts'
import { idBytes } from './ranked-rows.ts'
import { sortRows } from './sort-rows.ts'

const valuesOf = {
  keyword: ['', 'a', 'b', '\uffff', '\u{1f600}'],
  number: [0, -1.5, 2 ** 53, 2n ** 53n + 1n],
} as const

/** Row by row. */
function naively(rows: readonly TestRow[], descending: boolean) {
  return rows
    .flatMap(({ id, score, values }) => {
      const own = [...values].sort(compareExactValues)
      return score === undefined ? [] : { id, score, values: [own.at(descending ? -1 : 0) ?? null] }
    })
    .sort((a, b) => compareSortValues(a.values, b.values, [{ descending }]) || compareRank(a, b))
}

describe('the documents of a shard in the order of a field', () => {
  it('come without a value last, both ways', () => {
    const rows = [[2], [], [1, 3]].map((values, at) => ({ id: `${at}`, score: 0, values }))
    const order = (descending: boolean) => {
      const wish = { fields: [{ field: 'f', descending }], limit: 9, after: undefined }
      return sortRows([scoredSegment('number', rows)], wish).map(({ row, values }) => [row, ...values])
    }
    assert.deepEqual(order(false), [
      [2, 1],
      [0, 2],
      [1, null],
    ])
    assert.deepEqual(order(true), [
      [2, 3],
      [0, 2],
      [1, null],
    ])
  })

  for (const type of ['keyword', 'number'] as const) {
    it(`are the first of all that were scored, over all segments, page by page: ${type}`, () => {
      const row = fc.record({
        id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
        score: fc.option(fc.constantFrom(0, 1, Number.NaN), { nil: undefined }),
        values: fc.array(fc.constantFrom<ExactValue>(...valuesOf[type]), { maxLength: 3 }),
      })
      const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 30 })
      fc.assert(
        fc.property(rows, fc.boolean(), fc.integer({ min: 1, max: 5 }), (all, descending, limit) => {
          const segments = [0, 1, 2].map(part =>
            scoredSegment(
              type,
              all.filter((_, at) => at % 3 === part),
            ),
          )
          const fields = [{ field: 'f', descending }]
          const found: ReturnType<typeof naively> = []
          for (let after: (typeof found)[number] | undefined; ; after = found.at(-1)) {
            const page = sortRows(segments, { fields, limit, after })
            found.push(
              ...page.map(({ segment, row, score, values }) => {
                return { id: Buffer.from(idBytes(segments[segment]!, row)).toString(), score, values: [...values] }
              }),
            )
            if (page.length < limit) break
            assert.ok(found.length <= all.length, 'the pages have no end')
          }
          assert.deepEqual(found, naively(all, descending))
        }),
        { numRuns: casesOf({ usual: 100, thorough: 2_000 }) },
      )
    })
  }
})
