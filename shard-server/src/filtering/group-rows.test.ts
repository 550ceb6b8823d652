import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { compareExactValues, type ExactValue } from '@hypershard/storage/rows'
import fc from 'fast-check'
import { scoredSegment, type TestRow } from '../testing/scored-segment.ts'
import { type GroupValue, type GroupWish, groupRows } from './group-rows.ts'
import { idBytes } from './ranked-rows.ts'

function naively(rows: readonly TestRow[], { groups, hits, only, without }: GroupWish) {
  const scored = rows.flatMap(({ id, score, values }) =>
    score === undefined || without.includes(id) ? [] : { id, score, values },
  )
  const members = scored.sort(compareRank).flatMap(({ values, ...hit }) => {
    return (values.length === 0 ? [undefined] : [...new Set(values)]).map(value => ({ value, hit }))
  })
  const all = [...Map.groupBy(members, ({ value }) => value)]
    .filter(([value]) => only?.includes(value) !== false)
    .map(([value, own]) => ({ value, hits: own.map(({ hit }) => hit) }))
    .sort((a, b) => compareRank(a.hits[0]!, b.hits[0]!) || compareExactValues(a.value!, b.value!))
  return {
    groups: all.slice(0, groups).map(group => ({ ...group, hits: group.hits.slice(0, hits).map(({ id }) => id) })),
    more: all.length > groups,
  }
}

const valuesOf = {
  keyword: ['', 'a', 'b', '\uffff', '\u{1f600}'],
  number: [0, 1.5, 2 ** 53, 2n ** 53n + 1n],
} as const

describe('the groups of a shard', () => {
  for (const type of ['keyword', 'number'] as const) {
    const value = fc.constantFrom<ExactValue>(...valuesOf[type])
    const row = fc.record({
      id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
      score: fc.option(fc.constantFrom(0, 0.5, 1, Number.NaN), { nil: undefined }),
      values: fc.array(value, { maxLength: 3 }),
    })
    const only = fc.option(fc.uniqueArray(fc.option<GroupValue, undefined>(value, { nil: undefined })), {
      nil: undefined,
    })
    const wish = fc.record({ groups: fc.integer({ min: 1, max: 4 }), hits: fc.integer({ min: 1, max: 3 }), only })
    const leftOut = fc.array(fc.nat(), { maxLength: 2 })
    it(`are those with its best documents, and the best of each, over all segments: ${type}`, () => {
      const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 30 })
      fc.assert(
        fc.property(rows, wish, leftOut, (all, wished, drawn) => {
          const without = drawn.flatMap(at => all[at % all.length]?.id ?? [])
          const asked = { ...wished, without }
          const parts = [0, 1, 2].map(part => all.filter((_, at) => at % 3 === part))
          const segments = parts.map(part => scoredSegment(type, part))
          const found = groupRows(segments, { field: 'f', ...asked })
          const idOf = (segment: number, row: number) => Buffer.from(idBytes(segments[segment]!, row)).toString()
          const groups = found.groups.map(({ value, rows }) => {
            return { value, hits: rows.map(({ segment, row }) => idOf(segment, row)) }
          })
          assert.deepEqual({ ...found, groups }, naively(all, { field: 'f', ...asked }))
        }),
        { numRuns: casesOf({ usual: 100, thorough: 2_000 }) },
      )
    })
  }
})
