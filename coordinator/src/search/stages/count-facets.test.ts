import assert from 'node:assert/strict'
import { compareIds } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { facetValuesMax } from '@hypershard/proto/limits'
import type { ValueCounts } from '@hypershard/proto/shard'
import fc from 'fast-check'
import { countNaively } from '../../testing/values-of-fields.ts'
import { mergeFacets, readFacets } from './count-facets.ts'

const fields = { tag: { type: 'keyword', list: true }, n: { type: 'number', list: false } } as const
const facet = { field: 'tag', limit: 3, type: 'keyword' } as const

/** One of number type that has all of these once. */
function counted(values: readonly number[]): ValueCounts {
  return countNaively(values.map(value => [value]))
}

describe('facets', () => {
  it('are the same from any number of shards, values of equal counts by their bytes', () => {
    const tag = fc.constantFrom('a', 'b', 'c', '\uffff', '\u{1f600}')
    const document = fc.record({ tags: fc.uniqueArray(tag), shard: fc.nat(7) })
    fc.assert(
      fc.property(fc.array(document, { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (documents, limit) => {
        const counts = new Map<string, number>()
        for (const value of documents.flatMap(({ tags }) => tags)) counts.set(value, (counts.get(value) ?? 0) + 1)
        const all = [...counts].sort((a, b) => b[1] - a[1] || compareIds(a[0], b[0]))
        const expected = all.slice(0, limit).map(([value, count]) => ({ value, count }))
        for (const shards of [1, 2, 8]) {
          const parts = Array.from({ length: shards }, (_, shard) =>
            documents.filter(own => own.shard % shards === shard).map(({ tags }) => tags),
          )
          const merged = mergeFacets(
            [{ ...facet, limit }],
            parts.map(part => [countNaively(part)]),
          )
          assert.deepEqual(merged, [{ field: 'tag', type: 'keyword', values: expected, distinct: all.length }])
        }
      }),
      { numRuns: casesOf({ usual: 100, thorough: 2_000 }) },
    )
  })

  it('keep integers apart that are one double, in the order of numbers', () => {
    const big = 2n ** 53n + 1n
    const counts = countNaively([[big], [2 ** 53], [9], [10]])
    const [found] = mergeFacets([{ field: 'n', limit: 10, type: 'number' }], [[counts], [countNaively([[big]])]])
    assert.deepEqual(found!.values, [
      { value: big, count: 2 },
      { value: 9, count: 1 },
      { value: 10, count: 1 },
      { value: 2 ** 53, count: 1 },
    ])
  })

  it('are refused where a field has too many values, in one shard or in all together', () => {
    const many = Array.from({ length: facetValuesMax }, (_, at) => at)
    const merge = (...shards: ValueCounts[]) =>
      mergeFacets(
        [facet, { field: 'n', limit: 1, type: 'number' }],
        shards.map(counts => [countNaively([]), counts]),
      )
    assert.equal(merge(counted(many), counted(many))[1]!.distinct, facetValuesMax)
    const message = /^body\.facets\.1\.field: "n" has more than 10000 different values/
    assert.throws(() => merge(counted(many), counted([-1])), { code: 'invalid_request', message })
    assert.throws(() => merge({ ...counted([]), tooMany: true }), { code: 'invalid_request', message })
  })

  it('name a field that the index does not have by its place', () => {
    const read = () => readFacets([facet, { field: 'constructor', limit: 1 }], fields)
    const message = 'body.facets.1.field: the index has no field "constructor"; its fields are tag, n'
    assert.throws(read, { code: 'invalid_request', message })
  })
})
