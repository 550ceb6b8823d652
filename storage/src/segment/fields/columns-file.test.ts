import assert from 'node:assert/strict'
import type { Fields } from '@hypershard/contract'
import { casesOf } from '@hypershard/harness'
import { createTemporaryStore } from '@hypershard/harness/stores'
import fc from 'fast-check'
import type { ObjectStore } from '../../store/object-store.ts'
import { testModel } from '../../testing/write-segment.ts'
import { openSegment } from '../segment-reader.ts'
import { createSegmentWriter } from '../segment-writer.ts'
import type { FilterColumn } from './columns-file.ts'
import { joinNumber } from './read-number.ts'

const fields: Fields = {
  words: { type: 'keyword', list: true },
  word: { type: 'keyword', list: false },
  size: { type: 'number', list: false },
  sizes: { type: 'number', list: true },
  open: { type: 'boolean', list: false },
  flags: { type: 'boolean', list: true },
  on: { type: 'date', list: false },
  days: { type: 'date', list: true },
  'meta.rank': { type: 'number', list: false },
  'parts.size': { type: 'number', list: true },
}

const word = fc.string({ unit: 'grapheme', maxLength: 8 }).filter(text => !text.startsWith('\uFEFF'))
/** Integers of 64 bits among them, which JSON.stringify writes through JSON.rawJSON. */
const number = fc.oneof(
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter(value => Math.abs(value) < 2 ** 53 || !/^-?\d+$/.test(`${value}`)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
)
const date = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map(day => day.toISOString())
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const several = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 3 })
const rows = fc.array(
  fc.record({
    words: some(several(word)),
    word: some(word),
    size: some(number),
    sizes: several(number),
    open: some(fc.boolean()),
    flags: some(several(fc.boolean())),
    on: some(date),
    days: several(date),
    meta: some(fc.record({ rank: number })),
    parts: several(fc.record({ size: number })),
  }),
  { minLength: 1, maxLength: 20 },
)

/** What a column says of a row. */
function valuesAt({ type, offsets, values, rests, terms }: FilterColumn, row: number): unknown[] {
  const own = [...values.subarray(offsets[row], offsets[row + 1])]
  if (type === 'keyword') return own.map(place => terms[place])
  if (type === 'boolean') return own.map(Boolean)
  return own.map((double, at) => joinNumber({ double, rest: rests?.[offsets[row]! + at] ?? 0 }))
}

/** What a document has of a field, in the form of `valuesAt`. */
function givenValues(document: object, name: string, type: string): unknown[] {
  const found = name
    .split('.')
    .reduce<unknown[]>((all, key) => all.flatMap(one => (one as Record<string, unknown>)[key] ?? []), [document])
  return found.map(value => {
    if (type === 'date') return Date.parse(value as string)
    // JSON has no -0.
    if (Object.is(value, -0)) return 0
    return typeof value === 'bigint' && BigInt(Number(value)) === value ? Number(value) : value
  })
}

function asJson(document: object): string {
  return JSON.stringify(document, (_key, value) => (typeof value === 'bigint' ? JSON.rawJSON(`${value}`) : value))
}

describe('the columns of a segment', () => {
  let store: ObjectStore
  let remove: () => Promise<void>
  beforeEach(async () => {
    ;({ store, remove } = await createTemporaryStore())
  })
  afterEach(() => remove())

  async function write(given: readonly string[], withFields: Fields | undefined) {
    const target = { index: 'papers', generation: 1, shard: 0, modelDigest: testModel.digest }
    const shape = { vectorWidth: 1, documents: given.length, fields: withFields }
    const writer = await createSegmentWriter(store, { ...target, ...shape })
    const documents = given.map((json, row) => ({ id: `${row}`, title: '', text: 't', fields: json, version: 1 }))
    await writer.append(documents, new Float32Array(given.length))
    const { digest } = await writer.finish()
    return openSegment(store, { index: 'papers', generation: 1, digest })
  }

  it('come back as the documents have them, of every type, missing or several', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async documents => {
        const segment = await write(documents.map(asJson), fields)
        const columns = await segment.loadColumns(fields)
        for (const [name, { type }] of Object.entries(fields)) {
          for (const [row, document] of documents.entries()) {
            assert.deepEqual(valuesAt(columns[name]!, row), givenValues(document, name, type))
          }
        }
      }),
      { numRuns: casesOf({ usual: 30, thorough: 200 }) },
    )
  })

  it('leave out a value that is none of its field', async () => {
    const segment = await write(['{"size":"large"}', '{"size":3}', '{"__proto__":{"size":4}}'], fields)
    const { size } = await segment.loadColumns(fields)
    assert.deepEqual(
      [0, 1, 2].map(row => valuesAt(size!, row)),
      [[], [3], []],
    )
  })

  it('are not there for an index without fields', async () => {
    const segment = await write(['{"size":3}'], undefined)
    assert.deepEqual(await segment.loadColumns({}), {})
    await assert.rejects(segment.loadColumns(fields), { code: 'corrupt_data', message: /columns\.arrow is missing/ })
  })

  it('are refused where the manifest says another type, or a field that they do not have', async () => {
    const segment = await write(['{"size":3}'], fields)
    const others: Fields[] = [
      { size: { type: 'keyword', list: false } },
      { size: { type: 'number', list: true } },
      { other: { type: 'number', list: false } },
    ]
    for (const other of others) await assert.rejects(segment.loadColumns(other), { code: 'corrupt_data' })
  })
})
