import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import type { Condition, Filter, Range } from '@hypershard/proto/shard'
import { type FilterColumn, type FilterColumns, hasBit, splitNumber } from '@hypershard/storage'
import fc from 'fast-check'
import { selectRows } from './select-rows.ts'

const terms = ['red', 'green', 'blue']

/** A document's values of the fields `color` and `size`. */
interface Values {
  readonly color: readonly string[]
  readonly size: readonly (number | bigint)[]
}

/** Small ones, some with a fraction, and integers around those that a double cannot tell apart. */
const anyNumber = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.constantFrom(0.5, -0, 1e300, 2 ** 53),
  fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: 2n ** 63n - 3n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 63n) + 3n }),
)

function numbersOf(given: readonly (number | bigint)[]) {
  const numbers = given.map(splitNumber)
  return { values: numbers.map(({ double }) => double), rests: numbers.map(({ rest }) => rest) }
}

const anyValues: fc.Arbitrary<Values> = fc.record({
  color: fc.array(fc.constantFrom(...terms), { maxLength: 2 }),
  size: fc.array(anyNumber, { maxLength: 2 }),
})

const condition = (value: Condition): Filter => ({ kind: { $case: 'condition', value } })
const bound = fc.option(anyNumber, { nil: undefined })
const anyCondition: fc.Arbitrary<Filter> = fc.oneof(
  fc
    .array(fc.constantFrom(...terms, 'unheard'), { maxLength: 2 })
    .map(values => condition({ field: 'color', test: { $case: 'keywords', value: { values } } })),
  fc
    .array(anyNumber, { maxLength: 2 })
    .map(values => condition({ field: 'size', test: { $case: 'numbers', value: numbersOf(values) } })),
  fc
    .record({ gt: bound, gte: bound, lt: bound, lte: bound })
    .map(bounds => condition({ field: 'size', test: { $case: 'range', value: rangeOf(bounds) } })),
  fc
    .tuple(fc.constantFrom('color', 'size'), fc.boolean())
    .map(([field, value]) => condition({ field, test: { $case: 'exists', value } })),
)

interface Bounds {
  readonly gt: number | bigint | undefined
  readonly gte: number | bigint | undefined
  readonly lt: number | bigint | undefined
  readonly lte: number | bigint | undefined
}

function rangeOf({ gt, gte, lt, lte }: Bounds): Range {
  const split = (bound: number | bigint | undefined) =>
    bound === undefined ? { double: undefined, rest: 0 } : splitNumber(bound)
  return {
    gt: split(gt).double,
    gte: split(gte).double,
    lt: split(lt).double,
    lte: split(lte).double,
    gtRest: split(gt).rest,
    gteRest: split(gte).rest,
    ltRest: split(lt).rest,
    lteRest: split(lte).rest,
  }
}

/** JavaScript compares bigints and numbers exactly. */
function exactly(double: number, rest = 0): number | bigint {
  return rest === 0 ? double : BigInt(double) + BigInt(rest)
}

const anyFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>(tie => {
  const parts = fc.array(tie('filter'), { maxLength: 3 })
  const group = fc
    .record({ must: parts, should: parts, mustNot: parts })
    .map((value): Filter => ({ kind: { $case: 'group', value } }))
  return { filter: fc.oneof({ depthSize: 'small', withCrossShrink: true }, anyCondition, group) }
}).filter

function columnOf(type: FilterColumn['type'], rows: readonly (readonly (number | bigint)[])[]): FilterColumn {
  const { values, rests } = numbersOf(rows.flat())
  const offsets = new Int32Array(new SharedArrayBuffer(4 * (rows.length + 1)))
  for (const [row, own] of rows.entries()) offsets[row + 1] = offsets[row]! + own.length
  const shared = new Float64Array(new SharedArrayBuffer(8 * values.length))
  shared.set(values)
  const column = { type, offsets, values: shared, terms: type === 'keyword' ? terms : [] }
  if (rests.every(rest => rest === 0)) return column
  const sharedRests = new Int16Array(new SharedArrayBuffer(2 * rests.length))
  sharedRests.set(rests)
  return { ...column, rests: sharedRests }
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
  assert(filter.kind?.$case === 'condition')
  const { field, test } = filter.kind.value
  assert(test !== undefined)
  const { color, size: values } = document
  switch (test.$case) {
    case 'exists':
      return (field === 'color' ? color : values).length > 0 === test.value
    case 'range': {
      const { gt, gte, lt, lte, gtRest, gteRest, ltRest, lteRest } = test.value
      return values.some(
        value =>
          (gt === undefined || value > exactly(gt, gtRest)) &&
          (gte === undefined || value >= exactly(gte, gteRest)) &&
          (lt === undefined || value < exactly(lt, ltRest)) &&
          (lte === undefined || value <= exactly(lte, lteRest)),
      )
    }
    case 'keywords':
      return color.some(term => test.value.values.includes(term))
    case 'numbers': {
      const wanted = test.value.values.map((double, at) => exactly(double, test.value.rests[at]))
      return values.some(value => wanted.some(one => !(value < one) && !(value > one)))
    }
  }
}

describe('selectRows', () => {
  it('leaves the bound of gt and lt out, and that of gte and lte in', () => {
    const columns = columnsOf([-1, 0, 1].map(size => ({ color: [], size: [size] })))
    const none = { gt: undefined, gte: undefined, lt: undefined, lte: undefined }
    const found = (bounds: Partial<Bounds>) => {
      const filter = condition({ field: 'size', test: { $case: 'range', value: rangeOf({ ...none, ...bounds }) } })
      const rows = selectRows(filter, { columns, rows: 3 })
      return [0, 1, 2].filter(row => hasBit(rows, row))
    }
    assert.deepEqual([found({ gt: 0 }), found({ gte: 0 })], [[2], [1, 2]])
    assert.deepEqual([found({ lt: 0 }), found({ lte: 0 })], [[0], [0, 1]])
  })

  it('selects what passes document by document', () => {
    fc.assert(
      fc.property(fc.array(anyValues, { minLength: 1, maxLength: 20 }), anyFilter, (documents, filter) => {
        const selected = selectRows(filter, { columns: columnsOf(documents), rows: documents.length })
        for (let row = 0; row < selected.length * 8; row++) {
          assert.equal(hasBit(selected, row), row < documents.length && passes(filter, documents[row]!))
        }
      }),
      { numRuns: casesOf({ usual: 200, thorough: 2000 }) },
    )
  })

  const columns = columnsOf([{ color: ['red'], size: [1] }])
  const wrong: [Condition['test'], string, RegExp][] = [
    [{ $case: 'exists', value: true }, 'shape', /no such field/],
    [{ $case: 'exists', value: true }, 'constructor', /no such field/],
    [{ $case: 'numbers', value: { values: [1], rests: [] } }, 'color', /type keyword/],
    [{ $case: 'keywords', value: { values: ['1'] } }, 'size', /type number/],
    [undefined, 'size', /no test/],
  ]
  for (const [test, field, message] of wrong) {
    it(`refuses ${test?.$case} of ${field}`, () => {
      assert.throws(() => selectRows(condition({ field, test }), { columns, rows: 1 }), {
        code: 'invalid_request',
        message,
      })
    })
  }

  const refused: readonly [what: string, filter: Filter, message: RegExp][] = [
    ['words of an index that keeps none', { kind: { $case: 'phrase', value: { terms: ['a'] } } }, /keeps no words/],
    ['a phrase of nothing', { kind: { $case: 'phrase', value: { terms: [] } } }, /has 1 to 256 terms, this one 0/],
    ['a kind that it does not know', { kind: undefined }, /neither a condition, a phrase nor a group/],
  ]
  for (const [what, filter, message] of refused) {
    it(`refuses ${what}`, () => {
      const group: Filter = { kind: { $case: 'group', value: { must: [filter], should: [], mustNot: [] } } }
      for (const one of [filter, group]) {
        assert.throws(() => selectRows(one, { columns, rows: 1 }), { code: 'invalid_request', message })
      }
    })
  }
})
