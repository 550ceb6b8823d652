import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { firstGeneration } from '../catalog/generation/generation-record.ts'
import { createIndex, deleteIndex, readIndex } from '../catalog/index/index-record.ts'
import { creatingKey, indexKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { boundStore } from '../testing/bound-store.ts'
import { createTestIndex, putTestDocuments, testModel } from '../testing/write-segment.ts'
import { collectLeftovers } from './collect-leftovers.ts'

const keepMs = 1_000
const settings = { name: 'papers', model: testModel, vectorWidth: 3, shards: 2, replicas: 1 }

describe('collecting what an interrupted deletion left', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    await putTestDocuments(store, firstGeneration(await createTestIndex(store)), ['a', 'b'])
  })

  afterEach(() => temporary.remove())

  const collect = (nowMs: number) => collectLeftovers(store, 'papers', { nowMs, keepMs })

  /** A deletion that ends with its process once the index is gone, and some of its files. */
  async function interruptDeletion(): Promise<void> {
    const dying: ObjectStore = {
      ...boundStore(store),
      deletePrefix: async () => {
        await store.deletePrefix('indexes/papers/generations/1/manifest/')
        throw new Error('killed')
      },
    }
    await assert.rejects(deleteIndex(dying, 'papers'), { message: 'killed' })
  }

  it('ends it once all of that has lain there for a while', async () => {
    await interruptDeletion()
    await assert.rejects(readIndex(store, 'papers'), { code: 'index_not_found' })
    assert.deepEqual(await collect(0), [])
    assert.deepEqual(await collect(keepMs - 1), [])
    assert.ok((await collect(keepMs)).length > 3)
    assert.deepEqual(await store.list(''), [])
  })

  it('waits anew while anything is new there: somebody may be at work', async () => {
    await interruptDeletion()
    await collect(0)
    await store.put(creatingKey('papers', 'another'), Buffer.from('{}'))
    assert.deepEqual(await collect(keepMs), [])
    assert.ok((await collect(2 * keepMs)).length > 3)
    assert.deepEqual(await store.list(''), [])
  })

  it('deletes nothing of an index', async () => {
    const before = await store.list('')
    for (const nowMs of [0, keepMs, 5 * keepMs]) assert.deepEqual(await collect(nowMs), [])
    assert.deepEqual(await store.list(''), before)
  })

  it('gives way to whoever began to create an index of the name', async () => {
    await interruptDeletion()
    await collect(0)
    const mark = creatingKey('papers', 'another')
    const late: ObjectStore = {
      ...boundStore(store),
      put: async (key, bytes) => {
        await store.put(mark, Buffer.from('{}'))
        return store.put(key, bytes)
      },
    }
    const before = await store.list('')
    await collectLeftovers(late, 'papers', { nowMs: keepMs, keepMs })
    assert.deepEqual(await store.list(''), [...before, mark].sort())
  })

  it('keeps others from creating an index of the name until it is done, and no longer', async () => {
    await interruptDeletion()
    await collect(0)
    let creating: Promise<unknown> | undefined
    const watched: ObjectStore = {
      ...boundStore(store),
      delete: async key => {
        creating ??= assert.rejects(createIndex(store, settings), { code: 'index_exists' })
        await creating
        return store.delete(key)
      },
    }
    await collectLeftovers(watched, 'papers', { nowMs: keepMs, keepMs })
    assert.ok(creating !== undefined)
    await createIndex(store, settings)
    assert.deepEqual(await store.list(''), [indexKey('papers')])
  })

  it('is told what would go without anything going', async () => {
    await interruptDeletion()
    await collect(0)
    const before = await store.list('')
    const told = await collectLeftovers(store, 'papers', { nowMs: keepMs, keepMs, dryRun: true })
    assert.deepEqual([told, await store.list('')], [before, before])
  })
})
