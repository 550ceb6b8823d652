import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { createGeneration } from '../catalog/generation/generation-record.ts'
import { changeGenerationState } from '../catalog/generation/generation-state.ts'
import { createIndex, deleteIndex, type IndexRecord } from '../catalog/index/index-record.ts'
import { indexKey, modelFolder } from '../layout.ts'
import { readModelJson, storeModel } from '../models/stored-model.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { collectModels } from './collect-models.ts'

const keepMs = 1_000

describe('collecting models', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  /** A stored model; its name is its content. */
  async function storedModel(name: string): Promise<{ name: string; digest: string }> {
    const modelJson = Buffer.from(name)
    const digest = hash('sha256', modelJson)
    const content = Buffer.from(`head of ${name}`)
    await storeModel(store, digest, { modelJson, hyperHead: { sha256: hash('sha256', content), content } })
    return { name, digest }
  }

  const indexOf = (name: string, model: { name: string; digest: string }): Promise<IndexRecord> =>
    createIndex(store, { name, model, vectorWidth: 4, shards: 1, replicas: 1 })

  const collect = (nowMs: number) => collectModels(store, { nowMs, keepMs })

  const isStored = async ({ digest }: { digest: string }) => (await readModelJson(store, digest)) !== undefined

  it('deletes a model with all its files once no index has been of it for a while, and no other', async () => {
    const [old, used] = [await storedModel('old'), await storedModel('used')]
    await indexOf('papers', used)
    assert.deepEqual(await collect(0), [])
    assert.deepEqual(await collect(keepMs - 1), [])
    assert.equal((await collect(keepMs)).length, 2)
    assert.deepEqual([await isStored(old), await isStored(used)], [false, true])
    assert.deepEqual(await store.list(modelFolder(old.digest)), [])
  })

  it('begins to count anew when an index was of the model in between', async () => {
    const model = await storedModel('back')
    await collect(0)
    await indexOf('papers', model)
    await collect(keepMs)
    await deleteIndex(store, 'papers')
    assert.deepEqual(await collect(5 * keepMs), [])
    assert.equal((await collect(6 * keepMs)).length, 2)
  })

  it('keeps the models of generations that no name stands for, unless they were given up', async () => {
    const [first, second] = [await storedModel('first'), await storedModel('second')]
    const index = await indexOf('papers', first)
    const shape = { model: second, vectorWidth: 4, shards: 1, source: null }
    const generation = await createGeneration(store, index, shape)
    for (const nowMs of [0, keepMs]) assert.deepEqual(await collect(nowMs), [])
    await changeGenerationState(store, generation, () => ({ phase: 'cancelled' }))
    await collect(2 * keepMs)
    await collect(3 * keepMs)
    assert.deepEqual([await isStored(first), await isStored(second)], [true, false])
  })

  it('deletes nothing while an index cannot be read: it might be of any model', async () => {
    const model = await storedModel('whose')
    await indexOf('papers', model)
    await store.put(indexKey('papers'), Buffer.from('{}'))
    for (const nowMs of [0, keepMs]) await assert.rejects(collect(nowMs), { code: 'corrupt_data' })
    assert.ok(await isStored(model))
  })

  it('is told what would go without anything going', async () => {
    const model = await storedModel('old')
    await collect(0)
    assert.equal((await collectModels(store, { nowMs: keepMs, keepMs, dryRun: true })).length, 2)
    assert.ok(await isStored(model))
  })
})
