import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import type { ObjectStore } from '../../store/object-store.ts'
import { createTestIndex, testModel } from '../../testing/write-segment.ts'
import { createIndex, deleteIndex, listIndexNames, readIndex } from './index-record.ts'

const settings = { model: testModel, vectorWidth: 3, shards: 2, replicas: 1 }

describe('index records', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  it('are read as they were created', async () => {
    const clock = { now: () => Date.UTC(2026, 10, 23), monotonicMs: () => 0 }
    const created = await createIndex(store, { name: 'papers', ...settings }, clock)
    assert.deepEqual(await readIndex(store, 'papers'), created)
    assert.equal(created.createdAt, '2026-11-23T00:00:00.000Z')
    assert.equal(created.generation, 1)
  })

  it('are listed in name order', async () => {
    assert.deepEqual(await listIndexNames(store), [])
    for (const name of ['b', 'a-1', 'a']) await createIndex(store, { name, ...settings })
    assert.deepEqual(await listIndexNames(store), ['a', 'a-1', 'b'])
  })

  it('exist once under a name, also when two create it at the same time', async () => {
    const outcomes = await Promise.allSettled([createTestIndex(store), createTestIndex(store)])
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await assert.rejects(createTestIndex(store), { code: 'index_exists', message: /`papers` exists already/ })
  })

  it('are gone after a deletion, with everything of the index and nothing of another', async () => {
    await createTestIndex(store)
    await createIndex(store, { name: 'papers-2', ...settings })
    await store.put('indexes/papers/generations/1/manifest/0000000001.json', new Uint8Array(1))
    await deleteIndex(store, 'papers')
    await assert.rejects(readIndex(store, 'papers'), { code: 'index_not_found' })
    await assert.rejects(deleteIndex(store, 'papers'), { code: 'index_not_found' })
    assert.deepEqual(await store.list(''), ['indexes/papers-2/index.json'])
  })

  it('start empty where a deletion was interrupted, with another uid', async () => {
    const first = await createTestIndex(store)
    await store.put('indexes/papers/generations/1/manifest/0000000001.json', new Uint8Array(1))
    await store.delete('indexes/papers/index.json')
    await assert.rejects(readIndex(store, 'papers'), { code: 'index_not_found' })
    const second = await createTestIndex(store)
    assert.notEqual(second.uid, first.uid)
    assert.deepEqual(await store.list(''), ['indexes/papers/index.json'])
  })

  for (const name of ['', 'Papers', '-a', '../etc', 'a/b', 'a'.repeat(65), 'ä']) {
    it(`cannot be called ${JSON.stringify(name)}`, async () => {
      await assert.rejects(createIndex(store, { name, ...settings }), { code: 'invalid_request' })
      await assert.rejects(readIndex(store, name), { code: 'index_not_found' })
      await assert.rejects(deleteIndex(store, name), { code: 'index_not_found' })
    })
  }

  it('name their file when it was altered', async () => {
    await createTestIndex(store)
    const path = join(temporary.root, 'indexes/papers/index.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"shards": 1', '"shards": 2'))
    const problem = { code: 'corrupt_data', message: /`papers`: indexes\/papers\/index.json cannot be read: .*sha256/ }
    await assert.rejects(readIndex(store, 'papers'), problem)
    await createIndex(store, { name: 'other', ...settings })
    assert.deepEqual(await listIndexNames(store), ['other', 'papers'])
    await deleteIndex(store, 'papers')
    assert.deepEqual(await listIndexNames(store), ['other'])
  })

  it('are refused under another name than their own', async () => {
    await createTestIndex(store)
    await store.put('indexes/other/index.json', (await store.get('indexes/papers/index.json'))!)
    await assert.rejects(readIndex(store, 'other'), { code: 'corrupt_data', message: /is of index `papers`/ })
  })
})
