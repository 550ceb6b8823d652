import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { MemoryStore } from '@hypershard/harness/stores'
import type { ObjectStore } from '../store/object-store.ts'
import { probeStore } from './probe-store.ts'

/** A store that does one thing otherwise. */
function spoilt(change: (store: ObjectStore) => Partial<ObjectStore>): ObjectStore {
  const store: ObjectStore = new MemoryStore()
  const changed = change(store)
  return new Proxy(store, {
    get: (target, name) => {
      const member = changed[name as keyof ObjectStore] ?? target[name as keyof ObjectStore]
      return member.bind(target as never)
    },
  })
}

describe('probing a store', () => {
  it('finds nothing broken in one that keeps its promises, and leaves nothing behind', async () => {
    const store = new MemoryStore()
    const keys: string[] = []
    const { broken } = await probeStore(store, async key => void keys.push(key))
    assert.deepEqual(broken, [])
    assert.equal(keys.length, 1)
    assert.deepEqual(await store.list(''), [])
  })

  const faults: { what: string; change: (store: ObjectStore) => Partial<ObjectStore>; says: RegExp }[] = [
    {
      what: 'puts whatever the condition',
      change: store => ({ putIfAbsent: (key, bytes) => store.put(key, bytes) }),
      says: /created a second time.*replaced by one that should not be created.*of 8 writers that created one object 8 succeeded/,
    },
    {
      what: 'says that it put an object which it did not',
      change: store => ({ putIfAbsent: (key, bytes) => store.putIfAbsent(key, bytes).catch(() => undefined) }),
      says: /created a second time/,
    },
    { what: 'lists late', change: () => ({ list: async () => [] }), says: /just written is not listed/ },
    {
      what: 'gives the beginning for any part',
      change: store => ({
        openRange: async key => {
          const bytes = await store.get(key)
          return (
            bytes && { bytes: bytes.length, read: async (_, length) => bytes.slice(0, length), close: async () => {} }
          )
        },
      }),
      says: /a part of an object is not what was written/,
    },
    { what: 'keeps what is deleted', change: () => ({ deletePrefix: async () => {} }), says: /still there after/ },
    {
      what: 'lets the last of several writers win that all were refused but one',
      change: store => {
        const put = store.put.bind(store)
        return {
          putIfAbsent: async (key, bytes) => {
            const taken = (await store.get(key)) !== undefined
            if (!taken || key.endsWith('race.json')) await put(key, bytes)
            if (taken) throw new HypershardError('conflict', 'taken')
          },
        }
      },
      says: /not that of the writer that created it|of 8 writers/,
    },
  ]
  for (const { what, change, says } of faults) {
    it(`tells of one that ${what}`, async () => {
      const { broken } = await probeStore(spoilt(change))
      assert.match(broken.join('; '), says)
    })
  }

  it('deletes what it wrote when the store fails in between', async () => {
    const store = new MemoryStore()
    const failing = new Proxy(store as ObjectStore, {
      get: (target, name) =>
        name === 'list'
          ? () => Promise.reject(new HypershardError('storage_failed', 'no'))
          : target[name as keyof ObjectStore].bind(target as never),
    })
    await assert.rejects(probeStore(failing), { code: 'storage_failed' })
    assert.deepEqual(await store.list(''), [])
  })
})
