import assert from 'node:assert/strict'
import { Deadline, silentLogger } from '@hypershard/common'
import { eventually, quietContext } from '@hypershard/harness'
import type { Manifest, ObjectStore } from '@hypershard/storage'
import { prepareShards } from '../search/prepare-shards.ts'
import { FakeBackend, FakeLoader, noFilter, noWarmUp, noWords } from '../testing/fake-parts.ts'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { createTestStore } from '../testing/test-shard-server.ts'
import { askedLatelyMs, SegmentHolder } from './segment-holder.ts'

const width = 4
const shards = 3

describe('letting go of shards that are held elsewhere', () => {
  let store: ObjectStore
  let root: string
  let remove: () => Promise<void>
  let manifest: Manifest
  let backend: FakeBackend
  let holder: SegmentHolder
  let nowMs: number

  beforeEach(async () => {
    ;({ store, root, remove } = await createTestStore())
    const empty = await createTestIndex(store, { name: 'a', width, shards })
    manifest = await putTestDocuments(store, empty, testDocuments(60, width))
    holder = holderOf(2 ** 30)
  })

  afterEach(async () => {
    await holder.close()
    await remove()
  })

  function holderOf(memoryBytesMax: number): SegmentHolder {
    nowMs = 0
    backend = new FakeBackend()
    const [loader, log] = [new FakeLoader(store, root), silentLogger()]
    const clock = { now: () => nowMs, monotonicMs: () => nowMs }
    const parts = {
      store,
      loader,
      backend,
      filter: noFilter,
      words: noWords,
      vectors: 'memory' as const,
      memoryBytesMax,
      log,
      clock,
    }
    return new SegmentHolder(parts)
  }

  const lease = (shard: number, of = manifest) => holder.lease(of, shard, Deadline.after(10_000))

  async function askAll(of = manifest): Promise<void> {
    for (let shard = 0; shard < shards; shard++) (await lease(shard, of)).release()
  }

  const loaded = (of = manifest) => [0, 1, 2].filter(shard => holder.isLoaded(of, shard))

  const release = (...of: number[]) => holder.releaseShards(manifest.indexUid, 1, of)

  it('frees their memory, in every version, and leaves the others as they are', async () => {
    await askAll()
    const one = holder.heldBytes
    const second = await putTestDocuments(store, manifest, testDocuments(20, width))
    await askAll(second)
    assert.ok(holder.heldBytes > one)
    nowMs = askedLatelyMs
    assert.deepEqual(release(0, 2), [])
    assert.deepEqual([loaded(), loaded(second)], [[1], [1]])
    assert.deepEqual(release(1), [])
    assert.deepEqual([holder.heldBytes, backend.held.size], [0, 0])
  })

  it('keeps one that somebody asked for lately, and says so', async () => {
    await askAll()
    nowMs = askedLatelyMs - 1
    ;(await lease(1)).release()
    nowMs = askedLatelyMs
    assert.deepEqual([release(0, 1, 2), loaded()], [[1], [1]])
    nowMs = 2 * askedLatelyMs
    assert.deepEqual([release(1), loaded()], [[], []])
  })

  it('keeps one that a query reads, however long', async () => {
    const reading = await lease(0)
    nowMs = 100 * askedLatelyMs
    assert.deepEqual([release(0), loaded()], [[0], [0]])
    reading.release()
    assert.deepEqual([release(0), loaded()], [[], []])
  })

  it('takes shards that it does not hold, and those of other generations, for let go of', async () => {
    await askAll()
    nowMs = askedLatelyMs
    assert.deepEqual(holder.releaseShards(manifest.indexUid, 2, [0, 1]), [])
    assert.deepEqual([release(7), loaded()], [[], [0, 1, 2]])
  })

  it('loads one again for who asks all the same', async () => {
    await askAll()
    nowMs = askedLatelyMs
    release(0)
    ;(await lease(0)).release()
    assert.deepEqual(loaded(), [0, 1, 2])
  })

  it('keeps nothing of a shard that does not fit, and tells it from one that fails', async () => {
    const empty = await createTestIndex(store, { name: 'b', width, shards: 1 })
    const first = await putTestDocuments(store, empty, testDocuments(20, width))
    const second = await putTestDocuments(store, first, testDocuments(40, width).slice(20))
    ;(await lease(0, first)).release()
    const half = holder.heldBytes
    const parts = () => ({ holder, warmHead: () => undefined, warmUp: noWarmUp })
    const prepare = async () => {
      const { shards: answered } = await prepareShards(parts(), { manifest: second, shards: [0] }, quietContext())
      return [answered[0]!.error?.code, answered[0]!.noRoom]
    }
    await holder.close()
    holder = holderOf(Math.ceil(1.8 * half))
    assert.deepEqual(await prepare(), ['overloaded', true])
    await eventually(() => holder.heldBytes === 0)
    assert.equal(backend.held.size, 0)
    holder = holderOf(2 ** 30)
    backend.refuses = true
    assert.deepEqual(await prepare(), ['internal', false])
  })
})
