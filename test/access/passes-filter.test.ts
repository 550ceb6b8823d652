import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { parseExactJson } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { MemoryStore } from '@hypershard/harness/stores'
import { type Fields, hasBit, LexicalEncoder } from '@hypershard/storage'
import { LexicalIndex } from '@hypershard/storage/rows'
import fc from 'fast-check'
import { passesFilter } from '../../coordinator/src/access/passes-filter.ts'
import { readFilter } from '../../coordinator/src/search/read-filter.ts'
import { selectRows } from '../../shard-server/src/filtering/select-rows.ts'
import { ColumnsEncoder, readColumns } from '../../storage/src/segment/fields/columns-file.ts'

const fields: Fields = {
  tenant: { type: 'keyword', list: false },
  tags: { type: 'keyword', list: true },
  size: { type: 'number', list: true },
  open: { type: 'boolean', list: false },
  'made.at': { type: 'date', list: false },
}

/** As it stands in a request or a document: integers that no double holds among them. */
const numeral = fc.constantFrom('0', '-0', '1', '1.5', '1e300', '9007199254740992', '9007199254740993', '-3')
const keyword = fc.constantFrom('ada', 'bob', '', 'ü').map(text => JSON.stringify(text))
const day = fc.constantFrom('2026-01-01', '2026-01-01T00:00:00Z', '2026-06-01').map(text => JSON.stringify(text))
const boolean = fc.constantFrom('true', 'false')
const listOf = (one: fc.Arbitrary<string>) => fc.array(one, { maxLength: 3 }).map(all => `[${all.join()}]`)
const orNone = (one: fc.Arbitrary<string>) => fc.oneof({ weight: 4, arbitrary: one }, fc.constant('null'))

const word = fc.constantFrom('star', 'stars', 'Moon', 'sun', 'ü', '½')
const textOf = (sizes: { minLength?: number; maxLength: number }) => fc.array(word, sizes).map(words => words.join(' '))
const lexical = { analyzer: 'english' } as const

const anyFields = fc
  .record({
    tenant: orNone(keyword),
    tags: fc.oneof(orNone(keyword), listOf(keyword)),
    size: fc.oneof(orNone(numeral), listOf(numeral)),
    open: orNone(boolean),
    made: orNone(day.map(at => `{"at":${at}}`)),
  })
  .map(values => `{${Object.entries(values).map(([name, json]) => `"${name}":${json}`)}}`)

const anyDocument = fc.record({ title: textOf({ maxLength: 3 }), text: textOf({ maxLength: 6 }), fields: anyFields })

const anyPhrase = textOf({ minLength: 1, maxLength: 3 }).map(words => JSON.stringify({ words }))

const jsonOf = { tenant: keyword, tags: keyword, size: numeral, open: boolean, 'made.at': day }

const anyCondition = fc.constantFrom(...(Object.keys(jsonOf) as (keyof typeof jsonOf)[])).chain(name => {
  const value = jsonOf[name]
  const range = fc
    .tuple(fc.constantFrom('gt', 'gte'), value, fc.constantFrom('lt', 'lte'), value)
    .map(([low, above, high, below]) => `"${low}":${above},"${high}":${below}`)
  const tests = [
    value.map(json => `"equals":${json}`),
    fc.array(value, { minLength: 1, maxLength: 3 }).map(all => `"in":[${all.join()}]`),
    boolean.map(json => `"exists":${json}`),
  ]
  const ranged = name === 'size' || name === 'made.at' ? [...tests, range] : tests
  return fc.oneof(...ranged).map(test => `{"field":"${name}",${test}}`)
})

const anyFilter = fc.letrec<{ filter: string }>(tie => {
  const parts = fc.array(tie('filter'), { maxLength: 3 }).map(all => `[${all.join()}]`)
  const group = fc
    .tuple(parts, parts, parts)
    .map(([must, should, not]) => `{"must":${must},"should":${should},"must_not":${not}}`)
  return { filter: fc.oneof({ depthSize: 'small' }, anyCondition, anyPhrase, group) }
}).filter

async function columnsOf(documents: readonly string[]) {
  const encoder = new ColumnsEncoder(fields)
  for (const document of documents) encoder.append(document)
  const bytes = encoder.encode()
  const segment = { index: 'papers', indexUid: 'u', generation: 1, shard: 0, digest: 'd' }
  const store = new MemoryStore()
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  // Whatever it is called: there is nothing else.
  store.openRange = async () => ({
    bytes: bytes.length,
    read: async (offset: number, length: number) => Uint8Array.from(bytes.subarray(offset, offset + length)),
    close: async () => undefined,
  })
  const file = { segment, name: 'fields.arrow', seal: { bytes: bytes.length, sha256 } }
  return readColumns(store, file as never, fields, documents.length)
}

function wordsOf(documents: readonly { readonly title: string; readonly text: string }[]) {
  const encoder = new LexicalEncoder(lexical.analyzer)
  for (const document of documents) encoder.append(document)
  return new LexicalIndex(Uint8Array.from(Buffer.concat([...encoder.encode()])), documents.length)
}

describe('the filter of a tenant', () => {
  it('finds of a document that is at hand what shard servers find of their columns', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyDocument, { minLength: 1, maxLength: 6 }), anyFilter, async (documents, json) => {
        const filter = readFilter(parseExactJson(json), { fields, lexical })
        const columns = await columnsOf(documents.map(document => document.fields))
        const rows = selectRows(filter, { columns, rows: documents.length, words: wordsOf(documents) })
        for (const [row, document] of documents.entries()) {
          assert.equal(passesFilter(filter, { fields, lexical }, document), hasBit(rows, row), JSON.stringify(document))
        }
      }),
      { numRuns: casesOf({ usual: 200, thorough: 1_000 }) },
    )
  })
})
