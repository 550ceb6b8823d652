import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { hyperHeadKey, modelFolder, modelJsonKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { readHyperHead, readModelJson, storeModel } from './stored-model.ts'

const modelJson = Buffer.from('{"a":1}')
const content = Buffer.alloc(5_000, 7)
const model = hash('sha256', modelJson)
const file = { sha256: hash('sha256', content), bytes: content.byteLength }
const hyperHead = { sha256: file.sha256, content }

describe('a stored model', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  const read = async () => [await readModelJson(store, model), await readHyperHead(store, model, file)]

  it('is read as it was stored, by its digest, and not there before that', async () => {
    assert.deepEqual(await read(), [undefined, undefined])
    const keys = [hyperHeadKey(model, file.sha256), modelJsonKey(model)]
    assert.deepEqual(await storeModel(store, model, { modelJson, hyperHead }), keys)
    assert.deepEqual(await read(), [modelJson, content])
    assert.deepEqual(await store.list(modelFolder(model)), [...keys].sort())
  })

  it('is stored once, however often and by however many', async () => {
    const store2 = () => storeModel(store, model, { modelJson, hyperHead })
    await Promise.all([store2(), store2(), store2()])
    assert.deepEqual(await read(), [modelJson, content])
    assert.deepEqual(await store2(), [])
  })

  it('has its hyper-head before its model.json', async () => {
    const seen: boolean[] = []
    const put = store.put.bind(store)
    store.put = async (key, bytes) => {
      seen.push((await store.get(modelJsonKey(model))) !== undefined)
      return put(key, bytes)
    }
    await storeModel(store, model, { modelJson, hyperHead })
    assert.deepEqual(seen, [false, false])
  })

  it('without a file for its hyper-head is model.json alone', async () => {
    await storeModel(store, model, { modelJson, hyperHead: undefined })
    assert.deepEqual(await store.list(modelFolder(model)), [modelJsonKey(model)])
  })

  for (const key of [hyperHeadKey(model, file.sha256), modelJsonKey(model)]) {
    it(`names ${key.slice(-16)} when that is altered, and is mended by storing it again`, async () => {
      await storeModel(store, model, { modelJson, hyperHead })
      const altered = Buffer.from((await store.get(key))!)
      altered[3]! ^= 1
      await store.put(key, altered)
      await assert.rejects(read(), (error: Error & { code: string }) => {
        assert.equal(error.code, 'corrupt_data')
        assert.ok(error.message.includes(`${key} is altered`), error.message)
        return true
      })
      assert.deepEqual(await storeModel(store, model, { modelJson, hyperHead }), [key])
      assert.deepEqual(await read(), [modelJson, content])
    })
  }

  it('is not stored under a digest that is not its own', async () => {
    const other = 'ab'.repeat(32)
    const foreign = { sha256: other, content }
    await assert.rejects(storeModel(store, other, { modelJson, hyperHead }), { code: 'invalid_model' })
    await assert.rejects(storeModel(store, model, { modelJson, hyperHead: foreign }), { code: 'invalid_model' })
    assert.deepEqual(await store.list('models/'), [])
  })
})
