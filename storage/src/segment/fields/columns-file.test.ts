import assert from 'node:assert/strict'
import { createTemporaryStore } from '@hypershard/harness/stores'
import fc from 'fast-check'
import type { ObjectStore } from '../../store/object-store.ts'
import { testModel } from '../../testing/write-segment.ts'
import { openSegment } from '../segment-reader.ts'
import { createSegmentWriter } from '../segment-writer.ts'
import type { FilterColumn } from './columns-file.ts'
import type { Fields } from './field-types.ts'

const fields: Fields = {
  words: { type: 'keyword', list: true },
  word: { type: 'keyword', list: false },
  size: { type: 'number', list: false },
  sizes: { type: 'number', list: true },
  open: { type: 'boolean', list: false },
  flags: { type: 'boolean', list: true },
  on: { type: 'date', list: false },
  days: { type: 'date', list: true },
}

const word = fc.string({ unit: 'grapheme', maxLength: 8 }).filter(text => !text.startsWith('\uFEFF'))
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
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
  }),
  { minLength: 1, maxLength: 20 },
)

/** What a column says of a row. */
function valuesAt({ type, offsets, values, terms }: FilterColumn, row: number): unknown[] {
  const own = [...values.subarray(offsets[row], offsets[row + 1])]
  if (type === 'keyword') return own.map(place => terms[place])
  return type === 'boolean' ? own.map(Boolean) : own
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
        const segment = await write(
          documents.map(document => JSON.stringify(document)),
          fields,
        )
        const columns = await segment.loadColumns(fields)
        for (const [name, { type }] of Object.entries(fields)) {
          for (const [row, document] of documents.entries()) {
            const given = [(document as Record<string, unknown>)[name] ?? []].flat()
            const expected = type === 'date' ? given.map(day => Date.parse(day as string)) : given
            assert.deepEqual(
              valuesAt(columns[name]!, row),
              // JSON has no -0.
              expected.map(value => (Object.is(value, -0) ? 0 : value)),
            )
          }
        }
      }),
      { numRuns: 30 },
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
