import assert from 'node:assert/strict'
import type { FieldDescriptions } from '@hypershard/contract'
import fc from 'fast-check'
import { type FilterRow, faultOf, filterGroups, filterOf, operatorsOf, rowsOf, wordsField } from './filter-rows.ts'

const fields: FieldDescriptions = {
  year: { type: 'number', list: false },
  tag: { type: 'keyword', list: true },
  open: { type: 'boolean', list: false },
  when: { type: 'date', list: false },
}

const row = (field: string, operator: FilterRow['operator'], value: string): FilterRow => ({
  group: 'must',
  field,
  operator,
  value,
})

describe('a filter built by hand', () => {
  it('has the values that the types of its fields say', () => {
    const cases = [
      [row('year', 'gte', '2020'), { field: 'year', gte: 2020 }],
      [row('year', 'equals', '9007199254740993'), { field: 'year', equals: 9007199254740993n }],
      [row('tag', 'equals', '2020'), { field: 'tag', equals: '2020' }],
      [row('tag', 'in', 'a, b'), { field: 'tag', in: ['a', 'b'] }],
      [row('tag', 'in', '["a, b","c"]'), { field: 'tag', in: ['a, b', 'c'] }],
      [row('open', 'equals', 'false'), { field: 'open', equals: false }],
      [row('open', 'exists', 'true'), { field: 'open', exists: true }],
      [row('when', 'lt', ' 2026-01-01 '), { field: 'when', lt: '2026-01-01' }],
      [row(wordsField, 'equals', 'ISO 13485'), { words: 'ISO 13485' }],
      [row('unknown', 'equals', '7'), { field: 'unknown', equals: 7 }],
      [row('unknown', 'equals', 'seven'), { field: 'unknown', equals: 'seven' }],
    ] as const
    for (const [given, filter] of cases) assert.deepEqual(filterOf([given], fields), filter)
  })

  it('leaves out what is not complete, and says what is missing', () => {
    assert.equal(faultOf(row('', 'equals', 'a'), fields), 'choose a field')
    assert.equal(faultOf(row('tag', 'equals', ' '), fields), 'give a value')
    assert.equal(faultOf(row('year', 'gt', 'soon'), fields), 'a number')
    assert.equal(faultOf(row('open', 'exists', 'maybe'), fields), 'true or false')
    assert.equal(filterOf([row('year', 'gt', 'soon')], fields), undefined)
    assert.deepEqual(filterOf([row('year', 'gt', 'soon'), row('tag', 'equals', 'a')], fields), {
      field: 'tag',
      equals: 'a',
    })
  })

  it('is the same filter after it was shown as rows', () => {
    const values = {
      year: fc.integer().map(String),
      tag: fc.stringMatching(/^[a-z]{1,5}$/),
      open: fc.constantFrom('true', 'false'),
    }
    const rows = fc.array(
      fc.constantFrom('year', 'tag', 'open').chain(field =>
        fc.record({
          group: fc.constantFrom(...filterGroups),
          field: fc.constant(field),
          operator: fc.constantFrom(
            ...operatorsOf(fields[field]?.type).filter(one => one !== 'exists' && one !== 'in'),
          ),
          value: values[field as keyof typeof values],
        }),
      ),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(rows, given => {
        const filter = filterOf(given, fields)
        assert.deepEqual(filterOf(rowsOf(filter)!, fields), filter)
      }),
    )
  })

  it('may ask for words beside fields', () => {
    const filter = { must: [{ field: 'year', gte: 2020 }], must_not: [{ words: 'draft' }] }
    assert.deepEqual(filterOf(rowsOf(filter)!, fields), filter)
    assert.deepEqual(filterOf(rowsOf({ words: 'moon' })!, fields), { words: 'moon' })
  })

  it('that no rows make stays what it is', () => {
    for (const filter of [
      { must: { should: [{ field: 'a', equals: 1 }] } },
      { must: [{ field: 'year', gte: 1, lt: 2 }] },
      { must: [{ field: 7, equals: 1 }] },
      { anything: [] },
      { must: [{ words: 'moon', field: 'year' }] },
    ]) {
      assert.equal(rowsOf(filter), undefined)
    }
    assert.deepEqual(rowsOf(undefined), [])
  })
})
