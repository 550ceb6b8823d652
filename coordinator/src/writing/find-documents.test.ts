import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import { writeSegments } from '@hypershard/indexer'
import {
  commitSegments,
  createDirectoryStore,
  LogPartBuilder,
  type Manifest,
  type ObjectStore,
  WriteLog,
  writeAside,
} from '@hypershard/storage'
import { Catalog, type CatalogEntry } from '../catalog/catalog.ts'
import { findDocuments } from './find-documents.ts'

const soon = () => Deadline.after(10_000)

describe('finding documents as the newest write left them', () => {
  let directory: string
  let store: ObjectStore
  let entry: CatalogEntry

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-find-'))
    store = await createDirectoryStore(directory)
    const catalog = await Catalog.load(store)
    const model = { name: 'words', digest: new FakeEncoder().models[0]!.digest }
    entry = await catalog.create({ name: 'papers', model, vectorWidth: 16, shards: 2, replicas: 1 }, soon())
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Commits documents as the entry of the log with this number left them, and deletes others. */
  async function index(
    current: Manifest,
    sequence: number,
    ids: readonly string[],
    deletedIds: readonly string[] = [],
  ) {
    const documents = ids.map(id => ({ id, title: '', text: `indexed ${sequence}`, fields: '{}', version: sequence }))
    const parts = { store, encoder: new FakeEncoder(), onEncoded: () => undefined }
    const { added } = await writeSegments(current, documents, parts, quietContext())
    return commitSegments(store, current, added, { deletedIds, log: { sequence, parts: 0 } })
  }

  /** Appends to the log: a text puts, null deletes. */
  async function write(changes: Readonly<Record<string, string | null>>): Promise<void> {
    const builder = new LogPartBuilder()
    for (const [id, text] of Object.entries(changes)) {
      builder.add(
        text === null ? { type: 'delete', id } : { type: 'put', document: { id, title: '', text, fields: '{}' } },
      )
    }
    const part = await builder.store(store, { index: 'papers', indexUid: entry.record.uid })
    await new WriteLog(store, entry.record).append({ parts: [part] })
  }

  async function find(manifest: Manifest, ...ids: string[]): Promise<string[]> {
    const { documents } = await findDocuments(store, manifest, new Set(ids))
    return [...documents.values()].map(({ id, text, version }) => `${id}@${version} ${text}`).sort()
  }

  it('takes what is indexed, replaced and deleted rows left out', async () => {
    const first = await index(entry.manifest, 1, ['a', 'b', 'c', 'd'])
    const second = await index(first, 2, ['a'], ['b'])
    assert.deepEqual(await find(second, 'a', 'b', 'c', 'x'), ['a@2 indexed 2', 'c@1 indexed 1'])
    assert.deepEqual(await find(first, 'a', 'b'), ['a@1 indexed 1', 'b@1 indexed 1'])
  })

  it('takes what the log says beyond that over what is indexed', async () => {
    for (const text of ['old', 'older']) await write({ a: text, b: text, c: text })
    const manifest = await index(entry.manifest, 2, ['a', 'b', 'c'])
    await write({ a: 'anew', b: null })
    assert.deepEqual(await find(manifest, 'a', 'b', 'c'), ['a@3 anew', 'c@2 indexed 2'])
  })

  it('finds one of many as it finds one of few, of any length and alphabet', async () => {
    const ids = Array.from({ length: 160 }, (_, at) => `${'é'.repeat(at % 3)}d${at}`)
    const manifest = await index(entry.manifest, 1, ids.slice(0, 130))
    const expected = ids.slice(5, 130).map(id => `${id}@1 indexed 1`)
    assert.deepEqual(await find(manifest, ...ids.slice(5), 'Ã©d1'), expected.sort())
  })

  it('takes documents that were set aside', async () => {
    const document = { id: 'z', title: '', text: 'aside', fields: '{}', version: 1, code: 'internal', message: 'bad' }
    const aside = await writeAside(store, entry.manifest, [document])
    const manifest = await commitSegments(store, entry.manifest, [], { aside, log: { sequence: 1, parts: 0 } })
    assert.deepEqual(await find(manifest, 'z', 'y'), ['z@1 aside'])
  })
})
