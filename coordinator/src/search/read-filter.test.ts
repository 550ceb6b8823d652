import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { filterConditionsMax } from '@hypershard/proto/limits'
import type { Condition, Filter } from '@hypershard/proto/shard'
import type { Fields } from '@hypershard/storage'
import { filterDepthMax, filterValuesMax, readFilter } from './read-filter.ts'

const fields: Fields = {
  tag: { type: 'keyword', list: true },
  year: { type: 'number', list: false },
  open: { type: 'boolean', list: false },
  on: { type: 'date', list: false },
}

const lexical = { analyzer: 'english' } as const

const condition = (field: string, test: Condition['test']): Filter => ({
  kind: { $case: 'condition', value: { field, test } },
})
const unbounded = {
  gt: undefined,
  gte: undefined,
  lt: undefined,
  lte: undefined,
  gtRest: 0,
  gteRest: 0,
  ltRest: 0,
  lteRest: 0,
}

describe('readFilter', () => {
  const good: [object, Filter][] = [
    [{ words: 'Twinkling STARS, ½' }, { kind: { $case: 'phrase', value: { terms: ['twinkl', 'star', '1', '2'] } } }],
    [{ field: 'tag', equals: 'a' }, condition('tag', { $case: 'keywords', value: { values: ['a'] } })],
    [{ field: 'tag', in: ['a', ''] }, condition('tag', { $case: 'keywords', value: { values: ['a', ''] } })],
    [
      { field: 'year', in: [1, -2.5] },
      condition('year', { $case: 'numbers', value: { values: [1, -2.5], rests: [] } }),
    ],
    [{ field: 'open', equals: true }, condition('open', { $case: 'numbers', value: { values: [1], rests: [] } })],
    [
      { field: 'on', equals: '1970-01-02' },
      condition('on', { $case: 'numbers', value: { values: [86_400_000], rests: [] } }),
    ],
    [
      { field: 'on', gt: '1970-01-01T01:00:00+01:00', lte: '1970-01-01T00:00:00.5Z' },
      condition('on', { $case: 'range', value: { ...unbounded, gt: 0, lte: 500 } }),
    ],
    [{ field: 'year', lt: 0 }, condition('year', { $case: 'range', value: { ...unbounded, lt: 0 } })],
    [{ field: 'tag', exists: false }, condition('tag', { $case: 'exists', value: false })],
    [
      { must: { field: 'open', exists: true }, must_not: [{ should: [{ field: 'year', equals: 1 }] }] },
      {
        kind: {
          $case: 'group',
          value: {
            must: [condition('open', { $case: 'exists', value: true })],
            should: [],
            mustNot: [
              {
                kind: {
                  $case: 'group',
                  value: {
                    must: [],
                    should: [condition('year', { $case: 'numbers', value: { values: [1], rests: [] } })],
                    mustNot: [],
                  },
                },
              },
            ],
          },
        },
      },
    ],
  ]
  for (const [given, expected] of good) {
    it(`reads ${JSON.stringify(given)}`, () => assert.deepEqual(readFilter(given, { fields, lexical }), expected))
  }

  let tooDeep: object = { field: 'year', equals: 1 }
  for (let depth = 0; depth < filterDepthMax; depth++) tooDeep = { must: [tooDeep] }
  const many = Array(filterConditionsMax / 2).fill({ field: 'year', equals: 1 })
  const bad: [unknown, string, RegExp][] = [
    [{}, 'filter', /is empty/],
    [{ must: [[]] }, 'filter.must.0', /must be an object/],
    [{ must: null }, 'filter', /is empty/],
    [{ must: [null] }, 'filter.must.0', /must be an object/],
    [{ field: 'year', equals: null }, 'filter', /must have one of equals/],
    [{ mustnot: [] }, 'filter.mustnot', /not known/],
    [{ field: 'year' }, 'filter', /must have one of equals/],
    [{ field: 'year', equals: 1, gt: 1 }, 'filter', /must have one of equals/],
    [{ field: 'year', like: 1 }, 'filter.like', /not known/],
    [{ field: 7, equals: 1 }, 'filter.field', /must be a string/],
    [{ field: 'color', equals: 1 }, 'filter.field', /no field "color"; its fields are tag, year, open, on/],
    [{ field: 'constructor', exists: true }, 'filter.field', /no field "constructor"/],
    [{ field: 'year', equals: '1' }, 'filter.equals', /must be a number/],
    [{ should: [{ field: 'year', in: [1, null] }] }, 'filter.should.0.in.1', /must be a number/],
    [{ field: 'year', in: [] }, 'filter.in', /1 to 1024 values/],
    [{ field: 'year', in: Array(filterValuesMax + 1).fill(1) }, 'filter.in', /has 1025/],
    [{ field: 'year', in: 1 }, 'filter.in', /must be an array/],
    [{ field: 'year', exists: 1 }, 'filter.exists', /true or false/],
    [{ field: 'on', gt: '1970' }, 'filter.gt', /must be a date/],
    [{ field: 'tag', gt: 'a' }, 'filter', /of a number or a date, the field is a keyword/],
    [{ words: 7 }, 'filter.words', /must be a string/],
    [{ must: [{ words: ' … ' }] }, 'filter.must.0.words', /has no word/],
    [{ words: 'a', equals: 1 }, 'filter.equals', /not known beside `words`/],
    [
      { must: [...many, { words: 'a '.repeat(filterConditionsMax / 2 + 1) }] },
      `filter.must.${many.length}.words`,
      /256 conditions/,
    ],
    [tooDeep, `filter${'.must.0'.repeat(filterDepthMax)}`, /nested deeper than 16/],
    [{ must: many, should: [...many, many[0]] }, `filter.should.${many.length}`, /256 conditions/],
  ]
  for (const [given, path, message] of bad) {
    it(`refuses ${JSON.stringify(given).slice(0, 60)}`, () => {
      assert.throws(
        () => readFilter(given, { fields, lexical }),
        error =>
          error instanceof HypershardError &&
          error.code === 'invalid_request' &&
          message.test(error.message) &&
          (error.details as { issues: { path: string }[] }).issues[0]!.path === path,
      )
    })
  }

  it('says that an index keeps no words', () => {
    assert.throws(() => readFilter({ words: 'stars' }, { fields }), {
      code: 'invalid_request',
      message: 'body.filter.words: no words are kept here; create the index with `lexical`',
    })
  })

  it('says that an index without fields has none', () => {
    assert.throws(() => readFilter({ field: 'year', equals: 1 }, {}), /created without fields/)
  })
})
