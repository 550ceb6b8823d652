import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { Deadline, HypershardError, silentLogger } from '@hypershard/common'
import type { Fields, Manifest, ObjectStore } from '@hypershard/storage'
import type { ScoringThread } from '../cpu/query-team.ts'
import { ScoringPool } from '../cpu/scoring-pool.ts'
import { RowFilter } from '../filtering/row-filter.ts'
import { noWords } from '../testing/fake-parts.ts'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { createTestStore } from '../testing/test-shard-server.ts'
import { SegmentHolder } from './segment-holder.ts'
import { SegmentLoader } from './segment-loader.ts'

const width = 8
const documents = 100
const fields: Fields = { name: { type: 'keyword', list: false } }
const soon = () => Deadline.after(20_000)
const failed = (error: Error) => assert.fail(error)

/** A scoring thread that notes what it is told and refuses segments while it is told to. */
class FakeThread implements ScoringThread {
  readonly held = new Set<string>()
  refuses = false
  #calls = 0

  call(toMessage: Parameters<ScoringThread['call']>[0]): ReturnType<ScoringThread['call']> {
    const message = toMessage(++this.#calls)
    assert(message.type === 'hold')
    const answering = async () => {
      if (this.refuses) throw new HypershardError('storage_failed', 'told to refuse')
      this.held.add(message.key)
      return { result: { type: 'held' as const }, queueMs: undefined, workMs: 0 }
    }
    return { call: this.#calls, answer: answering() }
  }

  post(message: Parameters<ScoringThread['post']>[0]): void {
    if (message.type === 'drop') this.held.delete(message.key)
  }

  async close(): Promise<void> {}
}

describe('admitting segments', () => {
  let store: ObjectStore
  let root: string
  let remove: () => Promise<void>
  let manifest: Manifest
  let threads: FakeThread[]
  let open: number
  const closes: (() => Promise<void>)[] = []

  beforeEach(async () => {
    ;({ store, root, remove } = await createTestStore())
    const empty = await createTestIndex(store, { name: 'a', width, shards: 1, fields })
    manifest = await putTestDocuments(store, empty, testDocuments(documents, width))
    threads = [new FakeThread(), new FakeThread(), new FakeThread()]
    open = 0
    const { openRange } = store
    store.openRange = async key => {
      const range = await openRange.call(store, key)
      if (range === undefined) return undefined
      open++
      const close = async () => {
        open--
        await range.close()
      }
      return { bytes: range.bytes, read: (offset, length) => range.read(offset, length), close }
    }
  })

  afterEach(async () => {
    for (const close of closes.splice(0)) await close()
    await remove()
  })

  function holderOf(memoryBytesMax: number): SegmentHolder {
    const log = silentLogger()
    const left = [...threads]
    const startThread = () => left.shift()!
    const backend = new ScoringPool({ threads: 3, log, onDeath: failed, startThread })
    const filter = new RowFilter({ log, onDeath: failed })
    const loader = new SegmentLoader({ storeRoot: root, places: { vectors: 'memory', scratch: tmpdir() } }, log, failed)
    closes.push(
      () => filter.close(),
      () => loader.close(),
    )
    return new SegmentHolder({ store, loader, backend, filter, words: noWords, vectors: 'memory', memoryBytesMax, log })
  }

  it('leaves nothing of a segment that one thread refuses, and takes it once the thread does', async () => {
    const holder = holderOf(2 ** 30)
    threads[1]!.refuses = true
    await assert.rejects(holder.lease(manifest, 0, soon()), { code: 'storage_failed' })
    assert.deepEqual(
      threads.map(({ held }) => held.size),
      [0, 0, 0],
    )
    assert.equal(open, 0)
    assert.equal(holder.heldBytes, 0)

    threads[1]!.refuses = false
    const { segments, release } = await holder.lease(manifest, 0, soon())
    assert.deepEqual(
      threads.map(({ held }) => [...held]),
      [1, 2, 3].map(() => segments.map(({ key }) => key)),
    )
    assert.equal(open, 1)
    release()
    await holder.close()
  })

  it('counts what a segment takes, columns and ids too, and nothing once it is gone', async () => {
    const holder = holderOf(2 ** 30)
    ;(await holder.lease(manifest, 0, soon())).release()
    const names = testDocuments(documents, width).map(({ id }) => id.length)
    const characters = names.reduce((sum, length) => sum + length, 0)
    const vectors = documents * width * 5 + 2 * width * 4
    const ids = (documents + 1) * 4 + characters
    const columns = (documents + 1) * 4 + documents * (4 + 32) + 2 * characters
    const rows = 2 * Math.ceil(documents / 8) + Math.ceil(documents / 32) * 64
    assert.equal(holder.heldBytes, vectors + ids + columns + rows)
    holder.forget(manifest.indexUid)
    assert.equal(holder.heldBytes, 0)
  })

  it('refuses a segment that columns and ids make too large, before it reads any of its files', async () => {
    const holder = holderOf(documents * width * 5 + 4_000)
    const files: string[] = []
    for (const name of ['get', 'openRange'] as const) {
      const read = store[name] as (key: string) => Promise<never>
      store[name] = async (key: string) => {
        if (key.includes('/segments/')) files.push(key.split('/').at(-1)!)
        return read.call(store, key)
      }
    }
    await assert.rejects(holder.lease(manifest, 0, soon()), { code: 'overloaded' })
    assert.deepEqual(files, ['segment.json'])
    assert.equal(holder.heldBytes, 0)
  })

  it('gives back what a damaged segment was to take', async () => {
    const holder = holderOf(2 ** 30)
    const [{ digest }] = manifest.segments as [Manifest['segments'][number]]
    const key = `indexes/a/generations/1/segments/${digest}/columns.arrow`
    const bytes = (await store.get(key))!
    bytes[bytes.length - 20]! ^= 1
    await store.put(key, bytes)
    await assert.rejects(holder.lease(manifest, 0, soon()), { code: 'corrupt_data' })
    assert.equal(holder.heldBytes, 0)
    assert.equal(open, 0)
  })
})
