import assert from 'node:assert/strict'
import { Deadline, silentLogger } from '@hypershard/common'
import { type Manifest, type ObjectStore, openSegment, readManifest, segmentAt } from '@hypershard/storage'
import { FakeBackend, FakeLoader, noFilter, noWords } from '../testing/fake-parts.ts'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { createTestStore } from '../testing/test-shard-server.ts'
import { boundOfHeldBytes } from './held-bytes.ts'
import { SegmentHolder } from './segment-holder.ts'

const width = 4
const soon = () => Deadline.after(10_000)

describe('what a shard server holds', () => {
  let store: ObjectStore
  let remove: () => Promise<void>
  let loader: FakeLoader
  let backend: FakeBackend
  let holder: SegmentHolder
  let manifest: Manifest
  /** Of each segment here: what admits it, and what is held of it then. */
  let bound: number
  let segmentBytes: number

  beforeEach(async () => {
    const made = await createTestStore()
    store = made.store
    remove = made.remove
    loader = new FakeLoader(store, made.root)
    backend = new FakeBackend()
    manifest = await newIndex('a')
    const [entry] = manifest.segments
    bound = boundOfHeldBytes(await openSegment(store, segmentAt(manifest, entry!)), {}, 'memory')
    const first = holderOf(bound)
    ;(await first.lease(manifest, 0, soon())).release()
    segmentBytes = first.heldBytes
    await first.close()
    loader.loads.length = 0
    backend.held.clear()
    holder = holderOf(2 * bound)
  })

  afterEach(async () => {
    await holder.close()
    await remove()
  })

  function holderOf(memoryBytesMax: number): SegmentHolder {
    const log = silentLogger()
    return new SegmentHolder({
      store,
      loader,
      backend,
      filter: noFilter,
      words: noWords,
      memoryBytesMax,
      vectors: 'memory',
      log,
    })
  }

  const newIndex = async (name: string) =>
    putTestDocuments(store, await createTestIndex(store, { name, width, shards: 1 }), testDocuments(10, width))

  /** The same documents once more: the segment before has none left. */
  const replaceAll = (current: Manifest) => putTestDocuments(store, current, testDocuments(10, width))

  /** A query that reads shard 0 and ends. */
  async function query(of: Manifest): Promise<void> {
    ;(await holder.lease(of, 0, soon())).release()
  }

  for (const failing of ['loading', 'holding'] as const) {
    it(`has its memory back after a load that failed in ${failing}, and loads again when asked again`, async () => {
      const failed = failing === 'loading' ? loader : backend
      failed.refuses = true
      // More often than there is room for if each kept its share.
      for (let turn = 0; turn < 5; turn++) await assert.rejects(holder.lease(manifest, 0, soon()), /told to fail/)
      assert.equal(holder.heldBytes, 0)
      failed.refuses = false
      await query(manifest)
      assert.deepEqual([holder.heldBytes, backend.held.size, loader.loads.length], [segmentBytes, 1, 6])
    })
  }

  it('loads a segment once, however many ask at the same time', async () => {
    await Promise.all([query(manifest), query(manifest), query(manifest)])
    assert.deepEqual([loader.loads.length, holder.isLoaded(manifest, 0)], [1, true])
  })

  it('refuses before it loads what does not fit beside what it holds', async () => {
    holder = holderOf(bound)
    await query(manifest)
    await assert.rejects(holder.lease(await newIndex('b'), 0, soon()), { code: 'overloaded' })
    assert.deepEqual([holder.heldBytes, loader.loads.length], [segmentBytes, 1])
  })

  it('keeps the newest two versions, and what a query reads until it ends', async () => {
    holder = holderOf(10 * bound)
    const reading = await holder.lease(manifest, 0, soon())
    const second = await replaceAll(manifest)
    const third = await replaceAll(second)
    for (const version of [second, third]) await query(version)
    assert.equal(backend.held.size, 3)
    reading.release()
    assert.equal(backend.held.size, 2)
    holder.releaseGeneration(second.indexUid, 1)
    assert.deepEqual([backend.held.size, holder.heldBytes], [0, 0])
  })

  it('takes a lease that is released twice for one that is released once', async () => {
    const [one, other] = [await holder.lease(manifest, 0, soon()), await holder.lease(manifest, 0, soon())]
    holder.releaseGeneration(manifest.indexUid, 1)
    one.release()
    one.release()
    assert.deepEqual([...backend.held], [other.segments[0]!.key])
    other.release()
    assert.deepEqual([backend.held.size, holder.heldBytes], [0, 0])
  })

  it('holds an older version for its query alone', async () => {
    const second = await replaceAll(manifest)
    const third = await replaceAll(second)
    holder = holderOf(10 * bound)
    for (const version of [second, third, manifest]) await query(version)
    assert.equal(backend.held.size, 2)
  })

  it('lets go of a deleted index, and is not brought back to it by a search that was under way', async () => {
    await query(manifest)
    holder.forget(manifest.indexUid)
    assert.equal(backend.held.size, 0)
    await query(manifest)
    assert.deepEqual([backend.held.size, holder.heldBytes], [0, 0])
  })

  it('reads a manifest once, and again after it could not be read', async () => {
    assert.equal(await holder.manifest(manifest, soon()), await holder.manifest(manifest, soon()))
    const missing = { ...manifest, version: 2 }
    await assert.rejects(holder.manifest(missing, soon()), { code: 'corrupt_data' })
    const second = await replaceAll(manifest)
    assert.deepEqual(await holder.manifest(missing, soon()), await readManifest(store, second))
  })

  it('goes on loading when a query gives up, for the next to find', async () => {
    const gone = new AbortController()
    const leasing = holder.lease(manifest, 0, Deadline.after(10_000, { signal: gone.signal }))
    gone.abort()
    await assert.rejects(leasing, { code: 'cancelled' })
    await query(manifest)
    assert.equal(loader.loads.length, 1)
  })
})
