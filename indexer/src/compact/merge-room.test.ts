import assert from 'node:assert/strict'
import { HypershardError, systemClock } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { storeWithSpace } from '@hypershard/harness/stores'
import { latestManifest, type Manifest, roomToIndex, roomToMerge, type StoreSpace, WriteLog } from '@hypershard/storage'
import { ingestLog } from '../ingest/ingest-log.ts'
import { TestLog } from '../testing/test-log.ts'
import { MergeRoom } from './merge-room.ts'

describe('room to merge segments', () => {
  let log: TestLog
  let manifest: Manifest
  let space: StoreSpace | undefined
  let room: MergeRoom

  beforeEach(async () => {
    log = await TestLog.create()
    for (const id of ['a', 'b']) {
      await log.write({ [id]: 'one' })
      await ingestLog(log.generation, log.parts, quietContext())
    }
    manifest = await latestManifest(log.store, log.generation)
    room = new MergeRoom(
      storeWithSpace(log.store, () => space),
      systemClock,
    )
  })

  afterEach(() => log.remove())

  const merge = (inside = async () => 'merged') => room.run(manifest, manifest.segments, inside)
  const isFull = (error: unknown) => error instanceof HypershardError && error.code === 'storage_full'
  const merging = () => roomToMerge(manifest.segments, 0, manifest)
  const withFree = (freeBytes: number) => {
    space = { freeBytes, totalBytes: 100_000 }
  }

  it('is what the merge takes and one percent of the disk', async () => {
    withFree(merging() + 1_000)
    assert.equal(await merge(), 'merged')
    withFree(merging() + 999)
    await assert.rejects(merge(), { code: 'storage_full', message: /merging segments takes up to \d+ bytes/ })
    space = undefined
    assert.equal(await merge(), 'merged')
  })

  it('leaves the room that waiting writes need', async () => {
    await log.write({ c: 'one', d: 'two' })
    const waiting = roomToIndex(await new WriteLog(log.store, log.index).lagBehind(manifest.log), manifest)
    withFree(merging() + 1_000 + waiting - 1)
    await assert.rejects(merge(), isFull)
    withFree(merging() + 1_000 + waiting)
    assert.equal(await merge(), 'merged')
  })

  it('is taken by a merge until it ends, however it ends', async () => {
    withFree(merging() + 1_000)
    const failing = merge(async () => {
      await assert.rejects(merge(), isFull)
      throw new Error('broken')
    })
    await assert.rejects(failing, /broken/)
    assert.equal(await merge(), 'merged')
  })
})
