import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { createDirectoryStore } from '../store/directory-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { boundStore } from '../testing/bound-store.ts'
import { testDocument, writeTestSegment } from '../testing/write-segment.ts'
import { documentsPerBatch } from './documents-file.ts'
import { openSegment } from './segment-reader.ts'
import { TextBatchCache } from './text-batch-cache.ts'

const batches = 4
const documents = Array.from({ length: batches * documentsPerBatch }, (_, row) => testDocument(`d${row}`))
const rowsOfBatches = Array.from({ length: batches }, (_, batch) => batch * documentsPerBatch)

describe('the cache of batches of texts', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  /** Reads of a stored file. */
  let reads: number

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    const directory = boundStore(await createDirectoryStore(temporary.root))
    store = {
      ...directory,
      openRange: async key => {
        const range = await directory.openRange(key)
        if (range === undefined) return undefined
        const read = (offset: number, length: number) => {
          reads++
          return range.read(offset, length)
        }
        return { bytes: range.bytes, read, close: () => range.close() }
      },
    }
  })

  afterEach(() => temporary.remove())

  async function openDocuments(cache: TextBatchCache, of = documents) {
    const { digest } = await writeTestSegment(store, of)
    const reader = await (await openSegment(store, { index: 'papers', generation: 1, digest })).openDocuments(cache)
    reads = 0
    return reader
  }

  it('reads a batch once, and gives the same texts again', async () => {
    const reader = await openDocuments(new TextBatchCache(1_000_000))
    const first = await reader.read([0, documentsPerBatch, 1])
    assert.equal(reads, 2)
    assert.deepEqual(await reader.read([0, documentsPerBatch, 1]), first)
    assert.deepEqual(await reader.read([2]), [documents[2]])
    assert.equal(reads, 2)
    await reader.close()
  })

  it('tells batches of one segment from those of another', async () => {
    const cache = new TextBatchCache(1_000_000)
    const others = documents.map(({ id }) => testDocument(id, 'other text'))
    const [reader, other] = [await openDocuments(cache), await openDocuments(cache, others)]
    assert.deepEqual(await reader.read([0]), [documents[0]])
    assert.deepEqual(await other.read([0]), [others[0]])
    await Promise.all([reader.close(), other.close()])
  })

  it('keeps no more than its bytes, the latest', async () => {
    const cache = new TextBatchCache(12_000)
    const reader = await openDocuments(cache)
    for (const row of rowsOfBatches) await reader.read([row])
    assert.ok(cache.bytes > 0 && cache.bytes <= 12_000, String(cache.bytes))
    await reader.read([rowsOfBatches.at(-1)!])
    assert.equal(reads, batches)
    await reader.read([0])
    assert.equal(reads, batches + 1)
    await reader.close()
  })

  it('keeps nothing when it may keep no byte', async () => {
    const reader = await openDocuments(new TextBatchCache(0))
    assert.deepEqual([await reader.read([0]), await reader.read([0])], [[documents[0]], [documents[0]]])
    assert.equal(reads, 2)
    await reader.close()
  })
})
