import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { firstGeneration } from '../catalog/generation/generation-record.ts'
import { createIndex, deleteIndex, type IndexRecord } from '../catalog/index/index-record.ts'
import { manifestKey, segmentRecordKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { createTestIndex, testModel } from '../testing/write-segment.ts'
import { initialManifest } from './initial-manifest.ts'
import { covers, eligibleDocuments, type Manifest, type SegmentEntry } from './manifest.ts'
import { commitManifest, latestManifest, newerManifest, readManifest } from './manifest-store.ts'

function entry(letter: string, shard: number, documents = 10, deletedCount = 0): SegmentEntry {
  const deleted = deletedCount === 0 ? null : { digest: 'e'.repeat(64), count: deletedCount }
  return { digest: letter.repeat(64), shard, documents, bytes: 1000, truncated: 0, deleted }
}

describe('manifests', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let index: IndexRecord

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    index = await createTestIndex(store, 2)
    // What a commit looks for of the segments that it adds.
    for (const letter of 'ab')
      await store.put(segmentRecordKey({ ...first(), digest: letter.repeat(64) }), new Uint8Array(1))
  })

  afterEach(() => temporary.remove())

  const first = () => ({ index: 'papers', generation: 1 })

  it('begin with an empty version 0 that is not stored', async () => {
    const manifest = await latestManifest(store, firstGeneration(index))
    assert.deepEqual(manifest, initialManifest(firstGeneration(index)))
    assert.deepEqual(await readManifest(store, manifest), manifest)
    assert.deepEqual(await store.list('indexes/papers/generations/1/manifest/'), [])
  })

  it('are read as they were committed, each version for good', async () => {
    const first = await commitManifest(store, await latestManifest(store, firstGeneration(index)), {
      segments: [entry('a', 0)],
    })
    const second = await commitManifest(store, first, { segments: [entry('a', 0, 10, 3), entry('b', 1)] })
    assert.equal(second.version, 2)
    assert.deepEqual(await latestManifest(store, firstGeneration(index)), second)
    assert.deepEqual(await readManifest(store, first), first)
  })

  it('count versions in order past nine', async () => {
    let manifest: Manifest = await latestManifest(store, firstGeneration(index))
    for (let version = 1; version <= 11; version++) manifest = await commitManifest(store, manifest, { segments: [] })
    assert.equal((await latestManifest(store, firstGeneration(index))).version, 11)
  })

  it('name no segment that is gone, or about to be', async () => {
    const base = await latestManifest(store, firstGeneration(index))
    const gone = { code: 'storage_failed', message: /deleted as unused/ }
    await assert.rejects(commitManifest(store, base, { segments: [entry('c', 0)] }), gone)
    const condemning = await commitManifest(store, base, { condemned: [`segments/${'a'.repeat(64)}`] })
    await assert.rejects(commitManifest(store, condemning, { segments: [entry('a', 0)] }), {
      code: 'conflict',
      message: /being deleted/,
    })
  })

  it('name no file again that a version before condemned, not even in the commit that clears it', async () => {
    const base = await latestManifest(store, firstGeneration(index))
    const name = `segments/${entry('a', 0).digest}`
    const condemning = await commitManifest(store, base, { condemned: [name] })
    const again = { segments: [entry('a', 0)], condemned: [] }
    await assert.rejects(commitManifest(store, condemning, again), { code: 'conflict', message: /being deleted/ })
    await commitManifest(store, condemning, { condemned: [] })
  })

  it('are followed from an older one, up to an index that took the name meanwhile', async () => {
    const base = await latestManifest(store, firstGeneration(index))
    const first = await commitManifest(store, base, {})
    assert.equal((await newerManifest(store, base)).version, 1)
    assert.equal(await newerManifest(store, first), first)
    await deleteIndex(store, 'papers')
    const other = firstGeneration(await createTestIndex(store, 2))
    await commitManifest(store, await commitManifest(store, await latestManifest(store, other), {}), {})
    assert.equal(await newerManifest(store, first), first)
  })

  it('have a write once they have its number, and all that is copied is in', async () => {
    const manifest = { ...(await latestManifest(store, firstGeneration(index))), log: { sequence: 3, parts: 0 } }
    const copied = (...done: number[]) => ({ ...manifest, backfill: { generation: 1, version: 1, slices: 2, done } })
    assert.deepEqual([covers(manifest, 3), covers(manifest, 4)], [true, false])
    assert.deepEqual([covers(copied(1), 3), covers(copied(0, 1), 3)], [false, true])
  })

  it('let one of two writers win; the other is told to read and commit again', async () => {
    const base = await latestManifest(store, firstGeneration(index))
    await commitManifest(store, base, { segments: [entry('a', 0)] })
    await assert.rejects(commitManifest(store, base, { segments: [entry('b', 0)] }), {
      code: 'conflict',
      message: /another writer committed version 1/,
    })
    assert.deepEqual((await latestManifest(store, firstGeneration(index))).segments, [entry('a', 0)])
  })

  it('are not committed to, nor read from, an index that was deleted or created again meanwhile', async () => {
    const manifest = await commitManifest(store, await latestManifest(store, firstGeneration(index)), { segments: [] })
    await deleteIndex(store, 'papers')
    const gone = { code: 'index_not_found' }
    await assert.rejects(commitManifest(store, manifest, { segments: [] }), gone)
    await assert.rejects(readManifest(store, manifest), gone)
    const again = await createTestIndex(store, 2)
    await assert.rejects(commitManifest(store, manifest, { segments: [] }), gone)
    await assert.rejects(readManifest(store, { ...manifest, version: 0 }), gone)
    await commitManifest(store, await latestManifest(store, firstGeneration(again)), { segments: [] })
    await assert.rejects(readManifest(store, manifest), gone)
  })

  it('count the documents that a complete search scores', () => {
    const manifest = {
      ...initialManifest(firstGeneration(index)),
      segments: [entry('a', 0, 10, 3), entry('b', 1, 5), entry('c', 0, 2)],
    }
    assert.equal(eligibleDocuments(manifest), 14)
    assert.equal(eligibleDocuments(manifest, 0), 9)
    assert.equal(eligibleDocuments(manifest, 1), 5)
    assert.equal(eligibleDocuments(initialManifest(firstGeneration(index))), 0)
  })

  it('take entries that contradict each other for a defect', async () => {
    const base = await latestManifest(store, firstGeneration(index))
    const contradictions = [[entry('a', 2)], [entry('a', 0), entry('a', 1)], [entry('a', 0, 10, 10)]]
    for (const segments of contradictions) await assert.rejects(commitManifest(store, base, { segments }))
    assert.equal((await latestManifest(store, firstGeneration(index))).version, 0)
  })

  const damages: [what: string, damage: (stored: Uint8Array) => Uint8Array, problem: RegExp][] = [
    ['cut short', stored => stored.slice(0, -40), /cannot be read: it is not JSON/],
    ['empty', () => new Uint8Array(0), /cannot be read: it is not JSON/],
    [
      'altered',
      stored => Buffer.from(Buffer.from(stored).toString().replace('"documents": 10', '"documents": 11')),
      /does not match its sha256/,
    ],
  ]
  for (const [what, damage, problem] of damages) {
    it(`name their file when it is ${what}`, async () => {
      const manifest = await commitManifest(store, await latestManifest(store, firstGeneration(index)), {
        segments: [entry('a', 0)],
      })
      const key = manifestKey(manifest, 1)
      await store.put(key, damage((await store.get(key))!))
      await assert.rejects(latestManifest(store, firstGeneration(index)), { code: 'corrupt_data', message: problem })
      await assert.rejects(readManifest(store, manifest), { code: 'corrupt_data', message: /0000000001\.json/ })
    })
  }

  it('are refused under another name than their own, and missed when they are missing', async () => {
    const manifest = await commitManifest(store, await latestManifest(store, firstGeneration(index)), {
      segments: [entry('a', 0)],
    })
    await assert.rejects(readManifest(store, { ...manifest, version: 2 }), {
      code: 'corrupt_data',
      message: /is missing/,
    })
    await store.put(manifestKey(manifest, 2), (await store.get(manifestKey(manifest, 1)))!)
    await assert.rejects(latestManifest(store, firstGeneration(index)), {
      code: 'corrupt_data',
      message: /another manifest than its name/,
    })
    const other = await createIndex(store, { name: 'other', model: testModel, vectorWidth: 3, shards: 2, replicas: 1 })
    await store.put(manifestKey({ index: 'other', generation: 1 }, 1), (await store.get(manifestKey(manifest, 1)))!)
    await assert.rejects(latestManifest(store, firstGeneration(other)), { code: 'corrupt_data' })
  })

  it('say so when a file that is none lies among them', async () => {
    await store.put('indexes/papers/generations/1/manifest/notes.txt', new Uint8Array(1))
    await assert.rejects(latestManifest(store, firstGeneration(index)), {
      code: 'corrupt_data',
      message: /notes.txt does not belong/,
    })
  })
})
