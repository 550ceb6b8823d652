import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { firstGeneration, type GenerationRecord } from '../../catalog/generation/generation-record.ts'
import { mergeSegments } from '../../segment/merge-segments.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { createTestIndex, putTestDocuments } from '../../testing/write-segment.ts'
import { eligibleDocuments, type Manifest } from '../manifest.ts'
import { latestManifest } from '../manifest-store.ts'
import { verifyGeneration } from '../verify/verify-generation.ts'
import { commitSegments } from './commit-segments.ts'
import { replaceSegments } from './replace-segments.ts'

describe('putting one segment in the place of several', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let generation: GenerationRecord
  let base: Manifest

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    generation = firstGeneration(await createTestIndex(store))
    await put('a', 'b', 'c')
    await put('b', 'd')
    base = await put('x')
  })

  afterEach(() => temporary.remove())

  const put = (...ids: string[]) => putTestDocuments(store, generation, ids)
  const remove = async (...deletedIds: string[]) =>
    commitSegments(store, await latestManifest(store, generation), [], { deletedIds })

  /** The first two of the three, as the compaction makes them one. */
  const replaced = () => base.segments.slice(0, 2)
  const merge = () => mergeSegments(store, base, replaced())

  async function expectDocuments(manifest: Manifest | undefined, documents: number, segments: number): Promise<void> {
    const { problems, documentsCounted } = await verifyGeneration(store, manifest!)
    assert.deepEqual([problems, documentsCounted, manifest!.segments.length], [[], documents, segments])
    assert.equal(eligibleDocuments(manifest!), documents)
  }

  it('keeps every document, the place of the first, and the others', async () => {
    const merged = (await merge())!
    const after = await replaceSegments(store, generation, replaced(), merged)
    await expectDocuments(after, 5, 2)
    assert.deepEqual(after!.segments, [merged, base.segments[2]])
  })

  it('leaves out what was deleted and written again while the segments were merged', async () => {
    const merged = await merge()
    await remove('d')
    await put('a')
    const after = await replaceSegments(store, generation, replaced(), merged)
    await expectDocuments(after, 4, 3)
    assert.equal(after!.segments[0]!.deleted?.count, 2)
  })

  it('leaves the place empty when nothing is left by then', async () => {
    const merged = await merge()
    // The last of them goes with what else is in the segments.
    await remove('a', 'c', 'b')
    await put('d')
    await remove('d')
    assert.equal(await replaceSegments(store, generation, replaced(), merged), undefined)
    await expectDocuments(await latestManifest(store, generation), 1, 1)
  })

  it('does nothing once one of the segments is gone, as when another worker merged them', async () => {
    const [merged, other] = [await merge(), await merge()]
    const first = await replaceSegments(store, generation, replaced(), merged)
    assert.equal(await replaceSegments(store, generation, replaced(), other), undefined)
    assert.deepEqual(await latestManifest(store, generation), first)
  })

  it('does nothing once only some of the segments are there', async () => {
    const merged = await merge()
    await remove('b', 'd')
    assert.equal(await replaceSegments(store, generation, replaced(), merged), undefined)
    await expectDocuments(await latestManifest(store, generation), 3, 2)
  })
})
