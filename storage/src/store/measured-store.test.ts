import assert from 'node:assert/strict'
import { quietMeter } from '@hypershard/common'
import { RecordingMeter } from '@hypershard/harness'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { measuredStore } from './measured-store.ts'
import { storeMetrics } from './metrics.ts'
import type { ObjectStore } from './object-store.ts'

const bytes = (length: number) => new Uint8Array(length)

describe('a store that is measured', () => {
  let temporary: TemporaryStore
  let meter: RecordingMeter
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    meter = new RecordingMeter()
    store = measuredStore(temporary.store, meter)
  })

  afterEach(() => temporary.remove())

  it('counts each request once by its outcome, and the bytes that went', async () => {
    const key = 'indexes/a/log/u/entries/0000000001.json'
    await store.putIfAbsent(key, bytes(3))
    await assert.rejects(store.putIfAbsent(key, bytes(9)), { code: 'conflict' })
    await store.put('indexes/a/index.json', bytes(4))
    assert.equal((await store.get(key))?.length, 3)
    assert.equal(await store.get('indexes/b/index.json'), undefined)
    const reader = (await store.openRange('indexes/a/index.json'))!
    assert.equal((await reader.read(1, 2)).length, 2)
    await reader.close()
    await store.list('indexes/')
    await store.delete(key)
    const count = (kind: string, outcome: string) => meter.valueOf(storeMetrics.requests, { kind, outcome })
    assert.deepEqual(await meter.by(storeMetrics.requests, 'kind'), {
      delete: 1,
      get: 2,
      list: 1,
      put: 1,
      put_if_absent: 2,
      range: 2,
    })
    assert.deepEqual([await count('put_if_absent', 'done'), await count('put_if_absent', 'conflict')], [1, 1])
    assert.deepEqual([await count('get', 'done'), await count('get', 'absent')], [1, 1])
    assert.equal(await meter.countOf(storeMetrics.seconds), await meter.valueOf(storeMetrics.requests))
    assert.equal(await meter.valueOf(storeMetrics.writtenBytes), 7)
    assert.equal(await meter.valueOf(storeMetrics.readBytes), 5)
    assert.deepEqual(await meter.by(storeMetrics.conflicts, 'object'), { log: 1 })
  })

  it('tells what is free where it lies', async () => {
    const { freeBytes, totalBytes } = (await temporary.store.space())!
    assert.equal(await meter.valueOf(storeMetrics.sizeBytes), totalBytes)
    assert.ok((await meter.valueOf(storeMetrics.freeBytes)) <= totalBytes && freeBytes > 0)
  })

  it('counts nothing while metrics are off', async () => {
    meter.counting = false
    await store.put('indexes/a/index.json', bytes(4))
    assert.equal((await store.get('indexes/a/index.json'))?.length, 4)
    assert.equal(await meter.valueOf(storeMetrics.requests), 0)
  })

  it('is the store itself where nothing is counted', () => {
    assert.equal(measuredStore(temporary.store, quietMeter), temporary.store)
  })
})
