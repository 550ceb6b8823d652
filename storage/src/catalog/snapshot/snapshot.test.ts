import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { collectIndex } from '../../collect/collect-index.ts'
import { LogPartBuilder } from '../../log/operation.ts'
import { WriteLog } from '../../log/write-log.ts'
import { commitSegments } from '../../manifest/commit/commit-segments.ts'
import { eligibleDocuments, type Manifest } from '../../manifest/manifest.ts'
import { commitManifest, latestManifest } from '../../manifest/manifest-store.ts'
import { verifyGeneration } from '../../manifest/verify/verify-generation.ts'
import { mergeSegments } from '../../segment/merge-segments.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { boundStore } from '../../testing/bound-store.ts'
import { createTestIndex, putTestDocuments } from '../../testing/write-segment.ts'
import { firstGeneration, type GenerationRecord, readGeneration } from '../generation/generation-record.ts'
import { changeGenerationState, readGenerationState } from '../generation/generation-state.ts'
import { deleteIndex, type IndexRecord } from '../index/index-record.ts'
import { borrowersOf } from './needed-manifests.ts'
import { cloneIndex, restoreSnapshot } from './restore-snapshot.ts'
import { deleteSnapshot, listSnapshots, readSnapshot, type Snapshot, takeSnapshot } from './snapshot-record.ts'

const keepMs = 1_000

describe('snapshots', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let index: IndexRecord
  let generation: GenerationRecord

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    index = await createTestIndex(store)
    generation = firstGeneration(index)
  })

  afterEach(() => temporary.remove())

  const put = (...ids: string[]) => putTestDocuments(store, generation, ids)

  /** Twice: the first sees what is idle, the second finds it idle for long enough. */
  async function collect(of: IndexRecord = index): Promise<void> {
    await collectIndex(store, of, { nowMs: Date.now(), keepMs })
    await collectIndex(store, of, { nowMs: Date.now() + 10 * keepMs, keepMs })
  }

  async function append(id: string, to: IndexRecord = index): Promise<number> {
    const builder = new LogPartBuilder()
    builder.add({ type: 'delete', id })
    const part = await builder.store(store, { index: to.name, indexUid: to.uid })
    return (await new WriteLog(store, to).append({ parts: [part] })).sequence
  }

  const problemsOf = async (manifest: Manifest) => (await verifyGeneration(store, manifest)).problems

  const originOf = ({ name: snapshot, model, manifest }: Snapshot) => ({ snapshot, model, manifest })

  /** Two segments, one with a tombstone, under a name; then all of it is overwritten. */
  async function overwriteAfterSnapshot(): Promise<Snapshot> {
    await put('a', 'b', 'c')
    await put('a', 'd')
    const snapshot = await takeSnapshot(store, generation, 'before')
    await put('a', 'b', 'c', 'd')
    return snapshot
  }

  it('keep every file of a version until they are deleted', async () => {
    const { manifest } = await overwriteAfterSnapshot()
    await collect()
    assert.deepEqual(await problemsOf(manifest), [])
    await deleteSnapshot(store, 'papers', 'before')
    await collect()
    assert.notDeepEqual(await problemsOf(manifest), [])
    assert.deepEqual(await problemsOf(await latestManifest(store, generation)), [])
  })

  it('are listed, read and refused by name', async () => {
    await put('a')
    await takeSnapshot(store, generation, 'two')
    await takeSnapshot(store, generation, 'one')
    assert.deepEqual(
      (await listSnapshots(store, index)).map(({ name }) => name),
      ['one', 'two'],
    )
    assert.equal((await readSnapshot(store, index, 'two')).manifest.version, 1)
    await assert.rejects(takeSnapshot(store, generation, 'two'), { code: 'snapshot_exists' })
    await assert.rejects(takeSnapshot(store, generation, '../x'), { code: 'invalid_request' })
    await assert.rejects(readSnapshot(store, index, 'three'), { code: 'snapshot_not_found' })
    await assert.rejects(deleteSnapshot(store, 'papers', '../../index.ts'), { code: 'snapshot_not_found' })
  })

  it('become a generation that lacks what was written since, and outlive their own', async () => {
    const snapshot = await overwriteAfterSnapshot()
    const sequence = await append('a')
    const restored = await restoreSnapshot(store, index, originOf(snapshot))
    assert.equal((await readGenerationState(store, restored)).phase, 'live')
    const manifest = await latestManifest(store, restored)
    assert.deepEqual([manifest.log, eligibleDocuments(manifest)], [{ sequence, parts: 0 }, 4])
    await deleteSnapshot(store, 'papers', 'before')
    await changeGenerationState(store, generation, () => ({ phase: 'dropped' }))
    await collect()
    assert.deepEqual(await problemsOf(manifest), [])
    await changeGenerationState(store, restored, () => ({ phase: 'dropped' }))
    await collect()
    assert.deepEqual(await store.list('indexes/papers/generations/1/segments/'), [])
  })

  it('pass on the queries that graphs are calibrated with', async () => {
    const snapshot = await overwriteAfterSnapshot()
    const sampleQueries = Array.from({ length: 16 }, (_, at) => `query ${at}`)
    await changeGenerationState(store, generation, () => ({ sampleQueries }))
    const restored = await restoreSnapshot(store, index, originOf(snapshot))
    assert.deepEqual((await readGenerationState(store, restored)).sampleQueries, sampleQueries)
    await cloneIndex(store, { name: 'copy', replicas: 1 }, originOf(snapshot))
    const ofClone = await readGenerationState(store, { index: 'copy', generation: 1 })
    assert.deepEqual([ofClone.phase, ofClone.sampleQueries], ['live', sampleQueries])
  })

  it('are written to, and merged, where they were restored', async () => {
    const snapshot = await overwriteAfterSnapshot()
    const restored = await restoreSnapshot(store, index, originOf(snapshot))
    const deleted = await commitSegments(store, await latestManifest(store, restored), [], { deletedIds: ['b'] })
    assert.equal(eligibleDocuments(deleted), 3)
    assert.deepEqual(await problemsOf(deleted), [])
    const merged = (await mergeSegments(store, deleted, deleted.segments))!
    const after = await commitManifest(store, deleted, { segments: [merged] })
    assert.deepEqual([await problemsOf(after), eligibleDocuments(after), merged.home], [[], 3, undefined])
  })

  it('are refused once their files are being deleted, and leave nothing', async () => {
    const snapshot = await overwriteAfterSnapshot()
    await deleteSnapshot(store, 'papers', 'before')
    const condemned = [`segments/${snapshot.manifest.segments[0]!.digest}`]
    await commitManifest(store, await latestManifest(store, generation), { condemned })
    await assert.rejects(restoreSnapshot(store, index, originOf(snapshot)), { code: 'conflict' })
    assert.equal((await readGenerationState(store, await readGeneration(store, index, 2))).phase, 'cancelled')
    await assert.rejects(cloneIndex(store, { name: 'copy', replicas: 1 }, originOf(snapshot)), { code: 'conflict' })
    assert.deepEqual(await store.list('indexes/copy/'), [])
  })

  it('are not deleted by a collection that began before they were made', async () => {
    const manifest = (await overwriteAfterSnapshot()).manifest
    const snapshot = await readSnapshot(store, index, 'before')
    await deleteSnapshot(store, 'papers', 'before')
    await collectIndex(store, index, { nowMs: Date.now(), keepMs })
    // Between the collection's first look and its deletions, somebody restores.
    let restoring: Promise<GenerationRecord> | undefined
    const slow: ObjectStore = {
      ...boundStore(store),
      putIfAbsent: async (key, bytes) => {
        if (key.includes('/1/manifest/') && restoring === undefined) {
          restoring = restoreSnapshot(store, index, originOf(snapshot))
          await restoring
        }
        return store.putIfAbsent(key, bytes)
      },
    }
    await collectIndex(slow, index, { nowMs: Date.now() + 10 * keepMs, keepMs })
    assert.ok(restoring !== undefined)
    assert.deepEqual(await problemsOf(manifest), [])
    assert.deepEqual(await problemsOf(await latestManifest(store, await restoring)), [])
    assert.deepEqual((await latestManifest(store, generation)).condemned, [])
  })

  it('have their files left alone by collections as long as a clone needs them, not even condemned', async () => {
    const manifest = await put('a')
    await cloneIndex(store, { name: 'copy', replicas: 1 }, { snapshot: null, model: index.model, manifest })
    const { version } = await put('a')
    await collect()
    assert.equal((await latestManifest(store, generation)).version, version)
    await deleteIndex(store, 'copy')
    await collect()
    assert.ok((await latestManifest(store, generation)).version > version)
  })

  it('become an index of their own, whose origin cannot be deleted before it', async () => {
    const snapshot = await overwriteAfterSnapshot()
    await commitManifest(store, await latestManifest(store, generation), { log: { sequence: 7, parts: 0 } })
    const late = await takeSnapshot(store, generation, 'late')
    const clone = await cloneIndex(store, { name: 'copy', replicas: 1 }, originOf(snapshot))
    const second = await cloneIndex(store, { name: 'copy-2', replicas: 1 }, originOf(late))
    assert.equal(await append('x', second), 8)
    const manifest = await latestManifest(store, await readGeneration(store, clone, 1))
    assert.deepEqual([eligibleDocuments(manifest), manifest.index], [4, 'copy'])
    await deleteSnapshot(store, 'papers', 'before')
    await collect()
    await collect(clone)
    assert.deepEqual(await problemsOf(manifest), [])
    const borrowers = () => borrowersOf(store, index)
    await assert.rejects(deleteIndex(store, 'papers', { borrowers }), { code: 'index_in_use', message: /copy, copy-2/ })
    await deleteIndex(store, 'copy')
    await deleteIndex(store, 'copy-2')
    await deleteIndex(store, 'papers', { borrowers })
    assert.deepEqual(await store.list('indexes/'), [])
  })
})
