import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { indexKey, logEntryKey, manifestKey, progressKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { describeObjectStore } from '../testing/object-store-contract.ts'
import { announcingStore } from './announcing-store.ts'

const place = { index: 'papers', generation: 1 }
const bytes = Buffer.from('{}')

describe('a store that tells what is new', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let told: string[]

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    told = []
    store = announcingStore(temporary.store, key => void told.push(key))
  })

  afterEach(() => temporary.remove())

  describeObjectStore(() => store)

  it('tells of a write once it is durable, and of none that failed', async () => {
    const key = manifestKey(place, 1)
    let stored = false
    const { putIfAbsent } = temporary.store
    temporary.store.putIfAbsent = async (...it) => {
      await putIfAbsent.apply(temporary.store, it)
      assert.deepEqual(told, [])
      stored = true
    }
    await store.putIfAbsent(key, bytes)
    assert.deepEqual([stored, told], [true, [key]])
    await assert.rejects(store.putIfAbsent(key, bytes), { code: 'conflict' })
    assert.deepEqual(told, [key])
  })

  it('tells of an index that is created and one that is deleted, and of no file that goes', async () => {
    const entry = logEntryKey({ index: 'papers', indexUid: 'u' }, 1)
    await store.put(indexKey('papers'), bytes)
    await store.putIfAbsent(entry, bytes)
    told.length = 0
    await store.delete(entry)
    await store.delete(indexKey('papers'))
    await store.deletePrefix('indexes/papers/')
    assert.deepEqual(told, [indexKey('papers')])
  })

  it('tells nothing that nobody waits for', async () => {
    await store.put(progressKey(place), bytes)
    assert.deepEqual(told, [])
  })
})
