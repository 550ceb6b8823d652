import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { casesOf } from '@hypershard/harness'
import {
  Field,
  FixedSizeList,
  Float32,
  Int64,
  List,
  Struct,
  Table,
  TimestampMillisecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { joinVectors } from '../documents/join-vectors.ts'
import { openSource } from '../documents/open-source.ts'
import { openVectorFile } from '../vectors/open-vector-file.ts'

const rows = [
  { id: 'a', title: 'Stars', text: 'They twinkle.', year: 9007199254740993n, at: new Date(0), vector: [1, 2] },
  { id: 'b', title: null, text: 'line\nbreak', year: null, at: null, vector: [3, 4.5] },
  { id: 'ü', title: 'Sun', text: '', year: -1n, at: new Date(1_000), vector: [5, 6] },
]

const lineOf = ({ id, title, text, year, at }: (typeof rows)[number]) =>
  JSON.stringify({
    id,
    ...(title !== null && { title }),
    text,
    ...(year !== null && { year: JSON.rawJSON(`${year}`) }),
    ...(at !== null && { at: at.toISOString() }),
  })

type Row = Record<string, unknown>

/** Two rows a row group. */
function parquetOf(all: readonly Row[], types: Record<string, string> = {}): Uint8Array {
  const columnData = Object.keys(all[0]!).map(name => ({
    name,
    data: all.map(row => row[name]),
    ...(types[name] && { type: types[name] as 'STRING' }),
  }))
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: [2] }))
}

function arrowOf(format: 'file' | 'stream'): Uint8Array {
  const column = (name: keyof (typeof rows)[number]) => rows.map(row => row[name])
  const table = new Table({
    id: vectorFromArray(column('id'), new Utf8()),
    title: vectorFromArray(column('title'), new Utf8()),
    text: vectorFromArray(column('text'), new Utf8()),
    year: vectorFromArray(column('year'), new Int64()),
    at: vectorFromArray(column('at'), new TimestampMillisecond()),
    vector: vectorFromArray(column('vector'), new FixedSizeList(2, new Field('item', new Float32()))),
  })
  return tableToIPC(table, format)
}

const types = { id: 'STRING', title: 'STRING', text: 'STRING', year: 'INT64', at: 'TIMESTAMP' }

describe('documents in a table', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-tables-'))
    path = join(folder, 'papers.table')
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  }

  const linesOf = async () => textOf((await openSource(path)).body)

  const joined = async () => {
    const [{ body, table }, vectors] = [await openSource(path), await openVectorFile(path)]
    assert.deepEqual([table?.rows, vectors.rows, vectors.width], [3, 3, 2])
    return textOf(joinVectors(body, vectors))
  }

  const files = [
    ['Parquet, in several row groups', () => parquetOf(rows, types)],
    ['an Arrow file', () => arrowOf('file')],
    ['an Arrow stream', () => arrowOf('stream')],
  ] as const
  for (const [what, file] of files) {
    it(`are lines as a put takes them, and their vectors the rows of a matrix: ${what}`, async () => {
      await writeFile(path, file())
      assert.equal(await linesOf(), rows.map(row => `${lineOf(row)}\n`).join(''))
      const withVectors = (await joined()).trimEnd().split('\n')
      for (const [at, line] of withVectors.entries()) {
        const { vector } = JSON.parse(line)
        const values = Buffer.from(Float32Array.from(rows[at]!.vector).buffer).toString('base64')
        assert.deepEqual(vector, { precision: 'f32', values })
      }
    })
  }

  it('have the members of a column `fields` as fields, of JSON or of a struct', async () => {
    const fields = ['{"year": 9007199254740993, "tags": ["x"]}', null]
    await writeFile(
      path,
      parquetOf(
        [
          { id: 'a', fields: fields[0], year: 1 },
          { id: 'b', fields: fields[1], year: 2 },
        ],
        { fields: 'STRING' },
      ),
    )
    assert.equal(await linesOf(), '{"year":1,"tags":["x"],"id":"a"}\n{"id":"b","year":2}\n')
    const struct = new Struct([new Field('tags', new List(new Field('item', new Utf8())))])
    const column = vectorFromArray([{ tags: ['x', 'y'] }, { tags: [] }], struct)
    const ids = vectorFromArray(['a', 'b'], new Utf8())
    await writeFile(path, tableToIPC(new Table({ id: ids, fields: column }), 'file'))
    assert.equal(await linesOf(), '{"tags":["x","y"],"id":"a"}\n{"tags":[],"id":"b"}\n')
  })

  it('come back as they were written, whatever they are, over any row groups', async () => {
    const cell = fc.record({
      id: fc.string({ minLength: 1 }).filter(text => text.isWellFormed()),
      text: fc.option(
        fc.string().filter(text => text.isWellFormed()),
        { nil: undefined },
      ),
      n: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
      big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
    })
    const property = fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 9 }), async drawn => {
      const all = drawn.map(({ id, text, n, big }) => ({ id, text, n, big }))
      await writeFile(path, parquetOf(all, { id: 'STRING', text: 'STRING', n: 'DOUBLE', big: 'INT64' }))
      const expected = all.map(row =>
        JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? JSON.rawJSON(`${value}`) : value)),
      )
      assert.deepEqual((await linesOf()).trimEnd().split('\n'), expected)
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 20, thorough: 500 }) })
  })

  const unusable: readonly [string, readonly Row[], Record<string, string>, RegExp][] = [
    [
      'a number that is none',
      [
        { id: 'a', n: 1 },
        { id: 'b', n: Number.NaN },
      ],
      { n: 'DOUBLE' },
      /row 2, column n: NaN has no place/,
    ],
    ['bytes', [{ id: 'a', raw: Uint8Array.of(255, 1) }], { raw: 'BYTE_ARRAY' }, /row 1, column raw: is bytes/],
    [
      'fields that are no object',
      [{ id: 'a', fields: '[1]' }],
      { fields: 'STRING' },
      /row 1, column fields: must be an object/,
    ],
    ['fields that are no JSON', [{ id: 'a', fields: '{' }], { fields: 'STRING' }, /row 1, column fields: is no JSON/],
  ]
  for (const [what, all, own, says] of unusable) {
    it(`are refused with their row and column for ${what}`, async () => {
      await writeFile(path, parquetOf(all, own))
      await assert.rejects(linesOf(), { code: 'invalid_request', message: says })
    })
  }

  const vectorsOf = async (...vectors: unknown[]) => {
    await writeFile(path, parquetOf(vectors.map((vector, at) => ({ id: `d${at}`, vector }))))
    const { readRows } = await openVectorFile(path)
    for await (const _ of readRows());
  }

  it('are refused with their row and column for vectors that are none', async () => {
    await assert.rejects(
      vectorsOf([1, 2], [1, 2], [3]),
      /papers\.table: row 3, column vector: 1 values, the first row has 2/,
    )
    await assert.rejects(
      vectorsOf([1, 2], [1, 1e39]),
      /row 2, column vector: value 1 is NaN, infinite, or beyond 32 bits/,
    )
    await assert.rejects(vectorsOf([1, 2], null), /row 2, column vector: is empty/)
    await assert.rejects(vectorsOf('x', 'y'), /row 1, column vector: must be a list of numbers/)
    await writeFile(path, parquetOf([{ id: 'a', other: [1] }]))
    await assert.rejects(openVectorFile(path), /it has no column vector; it has id, other/)
    assert.equal((await openVectorFile(path, 'other')).width, 1)
  })

  it('are refused from a file that is cut off or damaged, which is named', async () => {
    for (const [, file] of files) {
      const whole = file()
      for (const bytes of [whole.subarray(0, 20), whole.subarray(0, whole.length - 200)]) {
        await writeFile(path, bytes)
        await assert.rejects(async () => linesOf(), { code: 'invalid_request', message: /papers\.table/ })
      }
    }
    const pages = Buffer.from(parquetOf(rows, types))
    pages.fill(0xff, 4, 200)
    await writeFile(path, pages)
    await assert.rejects(linesOf(), { code: 'invalid_request', message: /cannot read .*papers\.table as Parquet/ })
  })
})
