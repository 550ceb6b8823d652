import assert from 'node:assert/strict'
import { Deadline, RequestContext } from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { MemoryStore } from '@hypershard/harness/stores'
import { createIndex, deleteIndex } from '@hypershard/storage'
import { collectIndexes } from './collect-indexes.ts'

const keepMs = 1_000
const model = { name: 'words', digest: 'ab'.repeat(32) }

describe('collecting old files', () => {
  it('ends a deletion that was interrupted, and leaves other indexes alone', async () => {
    const store = new MemoryStore()
    for (const name of ['papers', 'notes']) {
      await createIndex(store, { name, model, vectorWidth: 3, shards: 1, replicas: 1 })
    }
    await store.put('indexes/papers/snapshots/before.json', Buffer.from('{}'))
    const { deletePrefix } = store
    store.deletePrefix = () => Promise.reject(new Error('killed'))
    await assert.rejects(deleteIndex(store, 'papers'), { message: 'killed' })
    store.deletePrefix = deletePrefix
    const { log, lines } = captureLog()
    const counts: number[] = []
    const collect = (nowMs: number) => {
      const clock = { now: () => nowMs, monotonicMs: () => nowMs }
      const parts = { store, clock, keepMs, meter: { collected: (files: number) => void counts.push(files) } }
      return collectIndexes(['papers', 'notes'], parts, new RequestContext({ log, deadline: Deadline.after(20_000) }))
    }
    await collect(0)
    await collect(keepMs)
    assert.deepEqual(await store.list('indexes/papers/'), [])
    assert.ok((await store.list('indexes/notes/')).includes('indexes/notes/index.json'))
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      3,
    )
    assert.deepEqual(
      lines.map(({ msg, index }) => [msg, index]),
      [['old files deleted', 'papers']],
    )
  })
})
