import assert from 'node:assert/strict'
import type { Condition, Filter } from '@hypershard/proto/shard'
import { type FilterColumn, type FilterColumns, hasBit } from '@hypershard/storage'
import fc from 'fast-check'
import { selectRows } from './select-rows.ts'

const terms = ['red', 'green', 'blue']

/** A document's values of the fields `color` and `size`. */
interface Values {
  readonly color: readonly string[]
  readonly size: readonly number[]
}

const anyValues: fc.Arbitrary<Values> = fc.record({
  color: fc.array(fc.constantFrom(...terms), { maxLength: 2 }),
  size: fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 2 }),
})

const condition = (value: Condition): Filter => ({ kind: { $case: 'condition', value } })
const bound = fc.option(fc.integer({ min: -2, max: 2 }), { nil: undefined })
const anyCondition: fc.Arbitrary<Filter> = fc.oneof(
  fc
    .array(fc.constantFrom(...terms, 'unheard'), { maxLength: 2 })
    .map(values => condition({ field: 'color', test: { $case: 'keywords', value: { values } } })),
  fc
    .array(fc.integer({ min: -2, max: 2 }), { maxLength: 2 })
    .map(values => condition({ field: 'size', test: { $case: 'numbers', value: { values } } })),
  fc
    .record({ gt: bound, gte: bound, lt: bound, lte: bound })
    .map(value => condition({ field: 'size', test: { $case: 'range', value } })),
  fc
    .tuple(fc.constantFrom('color', 'size'), fc.boolean())
    .map(([field, value]) => condition({ field, test: { $case: 'exists', value } })),
)

const anyFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>(tie => {
  const parts = fc.array(tie('filter'), { maxLength: 3 })
  const group = fc
    .record({ must: parts, should: parts, mustNot: parts })
    .map((value): Filter => ({ kind: { $case: 'group', value } }))
  return { filter: fc.oneof({ depthSize: 'small', withCrossShrink: true }, anyCondition, group) }
}).filter

function columnOf(type: FilterColumn['type'], rows: readonly (readonly number[])[]): FilterColumn {
  const values = rows.flat()
  const offsets = new Int32Array(new SharedArrayBuffer(4 * (rows.length + 1)))
  for (const [row, own] of rows.entries()) offsets[row + 1] = offsets[row]! + own.length
  const shared = new Float64Array(new SharedArrayBuffer(8 * values.length))
  shared.set(values)
  return { type, offsets, values: shared, terms: type === 'keyword' ? terms : [] }
}

function columnsOf(documents: readonly Values[]): FilterColumns {
  const places = documents.map(({ color }) => color.map(term => terms.indexOf(term)))
  return {
    color: columnOf('keyword', places),
    size: columnOf(
      'number',
      documents.map(({ size }) => size),
    ),
  }
}

/** The filter's meaning, one document at a time. */
function passes(filter: Filter, document: Values): boolean {
  if (filter.kind?.$case === 'group') {
    const { must, should, mustNot } = filter.kind.value
    const each = (part: Filter) => passes(part, document)
    return must.every(each) && (should.length === 0 || should.some(each)) && !mustNot.some(each)
  }
  const { field, test } = filter.kind!.value
  assert(test !== undefined)
  const values: readonly (string | number)[] = field === 'color' ? document.color : document.size
  switch (test.$case) {
    case 'exists':
      return values.length > 0 === test.value
    case 'range': {
      const { gt, gte, lt, lte } = test.value
      return (values as readonly number[]).some(
        value =>
          (gt === undefined || value > gt) &&
          (gte === undefined || value >= gte) &&
          (lt === undefined || value < lt) &&
          (lte === undefined || value <= lte),
      )
    }
    default:
      return values.some(value => (test.value as { values: unknown[] }).values.includes(value))
  }
}

describe('selectRows', () => {
  it('selects what passes document by document', () => {
    fc.assert(
      fc.property(fc.array(anyValues, { minLength: 1, maxLength: 20 }), anyFilter, (documents, filter) => {
        const selected = selectRows(filter, columnsOf(documents), documents.length)
        for (let row = 0; row < selected.length * 8; row++) {
          assert.equal(hasBit(selected, row), row < documents.length && passes(filter, documents[row]!))
        }
      }),
      { numRuns: 500 },
    )
  })

  const columns = columnsOf([{ color: ['red'], size: [1] }])
  const wrong: [Condition['test'], string, RegExp][] = [
    [{ $case: 'exists', value: true }, 'shape', /no such field/],
    [{ $case: 'exists', value: true }, 'constructor', /no such field/],
    [{ $case: 'numbers', value: { values: [1] } }, 'color', /type keyword/],
    [{ $case: 'keywords', value: { values: ['1'] } }, 'size', /type number/],
    [undefined, 'size', /no test/],
  ]
  for (const [test, field, message] of wrong) {
    it(`refuses ${test?.$case} of ${field}`, () => {
      assert.throws(() => selectRows(condition({ field, test }), columns, 1), { code: 'invalid_request', message })
    })
  }
})
