import assert from 'node:assert/strict'
import { createTemporaryStore, storeWithSpace, type TemporaryStore } from '@hypershard/harness/stores'
import {
  commitManifest,
  createIndex,
  firstGeneration,
  type IndexRecord,
  LogPartBuilder,
  type LogPartSize,
  lagOf,
  latestManifest,
  type Manifest,
  roomToIndex,
  type StoreSpace,
  WriteLog,
} from '@hypershard/storage'
import { WriteGuard } from './write-guard.ts'

const part: LogPartSize = { bytes: 1_000, puts: 10, deletes: 0 }

describe('guarding writes', () => {
  let temporary: TemporaryStore
  let space: StoreSpace | undefined
  let nowMs: number
  let papers: IndexRecord
  let manifest: Manifest

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    space = { freeBytes: 1e9, totalBytes: 1e10 }
    nowMs = 0
    papers = await create('papers')
    manifest = await latestManifest(temporary.store, firstGeneration(papers))
  })

  afterEach(() => temporary.remove())

  const create = (name: string) => {
    const model = { name: 'words', digest: 'ab'.repeat(32) }
    return createIndex(temporary.store, { name, model, vectorWidth: 4, shards: 1, replicas: 1 })
  }

  const guardOf = (freeShareMin = 0.05) =>
    new WriteGuard(
      storeWithSpace(temporary.store, () => space),
      { lagMax: 100, freeShareMin },
      {
        now: () => nowMs,
        monotonicMs: () => nowMs,
      },
    )

  const check = (operations: number) => {
    const log = { lagBehind: async () => ({ ...lagOf([part]), operations }) } as unknown as WriteLog
    return guardOf().check(log, manifest)
  }

  async function write(index: IndexRecord, documents: number): Promise<void> {
    const builder = new LogPartBuilder()
    for (let at = 0; at < documents; at++) {
      builder.add({ type: 'put', document: { id: `${at}`, title: '', text: 'x', fields: '{}' } })
    }
    const stored = await builder.store(temporary.store, { index: index.name, indexUid: index.uid })
    await new WriteLog(temporary.store, index).append({ parts: [stored] })
  }

  /** Whether a part may be stored while so many bytes are free of a disk of which nothing need stay free. */
  async function fits(guard: WriteGuard, freeBytes: number): Promise<boolean> {
    space = { freeBytes, totalBytes: 1e10 }
    const room = guard.openRoom(manifest)
    try {
      await room.take(part)
      return true
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'storage_full')
      return false
    } finally {
      room.release()
    }
  }

  /** The fewest free bytes with which a part may be stored. */
  async function leastRoom(guard: WriteGuard): Promise<number> {
    let [tooFew, enough] = [0, 1e8]
    while (enough - tooFew > 1) {
      const middle = Math.floor((tooFew + enough) / 2)
      if (await fits(guard, middle)) enough = middle
      else tooFew = middle
    }
    return enough
  }

  it('takes them up to exactly its bounds', async () => {
    space = { freeBytes: 5e8, totalBytes: 1e10 }
    await check(100)
    space = undefined
    await check(0)
  })

  it('refuses them while too many wait to be indexed', async () => {
    await assert.rejects(check(101), { code: 'overloaded', message: /101 documents wait .* more than 100/ })
  })

  it('refuses them once too little of the disk is free', async () => {
    space = { freeBytes: 49, totalBytes: 1_000 }
    await assert.rejects(check(0), { code: 'storage_full', message: /49 of 1000 bytes left, less than the 5 %/ })
  })

  it('asks for the room of a part and of indexing it', async () => {
    const least = await leastRoom(guardOf(0))
    const indexing = roomToIndex(lagOf([part]), manifest)
    assert.ok(least >= indexing + part.bytes && least < indexing + part.bytes + 20_000, `${least} for ${indexing}`)
    const withWatermark = guardOf(0.001)
    assert.deepEqual(
      [await fits(withWatermark, least + 1e7 - 1), await fits(withWatermark, least + 1e7)],
      [false, true],
    )
  })

  it('asks for the room of what waits already, in this index and in others', async () => {
    const alone = await leastRoom(guardOf(0))
    await write(papers, 50)
    const behind = await leastRoom(guardOf(0))
    assert.ok(behind > alone + 50 * 500, `${behind} after ${alone}`)
    await write(await create('others'), 80)
    const beside = await leastRoom(guardOf(0))
    assert.ok(beside > behind + 80 * 500, `${beside} after ${behind}`)
  })

  it('asks for the room of writes that are stored and not yet in the log, until they are', async () => {
    const guard = guardOf(0)
    const least = await leastRoom(guard)
    const other = guard.openRoom(manifest)
    space = { freeBytes: 1e9, totalBytes: 1e10 }
    await other.take({ bytes: 50_000, puts: 100, deletes: 0 })
    assert.equal(await fits(guard, least + 50_000), false)
    other.release()
    assert.equal(await fits(guard, least), true)
  })

  it('looks at the other indexes again before it refuses, and says how much is needed', async () => {
    const others = await create('others')
    await write(others, 90)
    const guard = guardOf(0)
    const least = await leastRoom(guard)
    nowMs = 1_000
    const before = await latestManifest(temporary.store, firstGeneration(others))
    await commitManifest(temporary.store, before, { log: { sequence: 1, parts: 0 } })
    assert.equal(await fits(guard, least - 10_000), true)
    space = { freeBytes: 5_000, totalBytes: 1e10 }
    await assert.rejects(guard.openRoom(manifest).take(part), {
      code: 'storage_full',
      message: /5000 of 10000000000 bytes left, and \d+ are needed to index what waits and this write/,
    })
  })
})
