import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { createGeneration, firstGeneration } from '../catalog/generation/generation-record.ts'
import { changeGenerationState } from '../catalog/generation/generation-state.ts'
import { createIndex, type IndexRecord } from '../catalog/index/index-record.ts'
import { indexKey } from '../layout.ts'
import { LogPartBuilder } from '../log/operation.ts'
import { addLag, type LogLag, WriteLog } from '../log/write-log.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { commitManifest, latestManifest } from '../manifest/manifest-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { testModel } from '../testing/write-segment.ts'
import { ReservedRoom } from './reserved-room.ts'
import { roomToIndex } from './room-to-index.ts'

describe('the room that is spoken for', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let nowMs: number
  let room: ReservedRoom

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    nowMs = 0
    room = new ReservedRoom(store, { now: () => nowMs, monotonicMs: () => nowMs })
  })

  afterEach(() => temporary.remove())

  const create = (name: string) =>
    createIndex(store, { name, model: testModel, vectorWidth: 4, shards: 2, replicas: 1 })

  const newest = (record: IndexRecord) => latestManifest(store, firstGeneration(record))

  async function write(record: IndexRecord, ...ids: string[]): Promise<void> {
    const builder = new LogPartBuilder()
    for (const id of ids) builder.add({ type: 'put', document: { id, title: '', text: id, fields: '{}' } })
    const part = await builder.store(store, { index: record.name, indexUid: record.uid })
    await new WriteLog(store, record).append({ parts: [part] })
  }

  async function roomOf(record: IndexRecord, manifest?: Manifest): Promise<number> {
    const of = manifest ?? (await newest(record))
    return roomToIndex(await new WriteLog(store, record).lagBehind(of.log), of)
  }

  it('is that of every index, and none of what is indexed', async () => {
    const [one, two] = [await create('one'), await create('two')]
    await write(one, 'a', 'b')
    await write(two, 'c')
    await room.look()
    assert.equal(room.bytes, (await roomOf(one)) + (await roomOf(two)))
    await commitManifest(store, await newest(one), { log: { sequence: 1, parts: 0 } })
    await room.look()
    assert.equal(room.bytes, await roomOf(two))
  })

  it('counts each generation that follows the log, and none that was given up', async () => {
    const one = await create('one')
    const settings = { model: testModel, vectorWidth: 768, shards: 1, source: null }
    const second = await createGeneration(store, one, settings)
    await write(one, 'a')
    await room.look()
    const both = (await roomOf(one)) + (await roomOf(one, await latestManifest(store, second)))
    assert.equal(room.bytes, both)
    await changeGenerationState(store, second, () => ({ phase: 'dropped' }))
    await room.look()
    assert.equal(room.bytes, await roomOf(one))
  })

  it('counts one index anew with what is coming, for each of its generations', async () => {
    const [one, two] = [await create('one'), await create('two')]
    await write(two, 'c')
    await room.look()
    await write(one, 'a')
    const coming: LogLag = { entries: 1, parts: 1, operations: 7, puts: 7, bytes: 700 }
    const manifest = await newest(one)
    const waiting = await new WriteLog(store, one).lagBehind(manifest.log)
    const expected = roomToIndex(addLag(waiting, coming), manifest) + (await roomOf(two))
    assert.equal(await room.bytesWith(manifest, coming), expected)
  })

  it('knows of an index that was created since the last look', async () => {
    await room.look()
    const one = await create('one')
    await write(one, 'a')
    const none: LogLag = { entries: 0, parts: 0, operations: 0, puts: 0, bytes: 0 }
    assert.equal(await room.bytesWith(await newest(one), none), await roomOf(one))
  })

  it('looks again once the last look is older than asked for', async () => {
    const one = await create('one')
    await room.look(100)
    await write(one, 'a')
    nowMs = 99
    await room.look(100)
    assert.equal(room.bytes, 0)
    nowMs = 100
    await room.look(100)
    assert.equal(room.bytes, await roomOf(one))
  })

  it('leaves out an index that is damaged', async () => {
    const [one, two] = [await create('one'), await create('two')]
    await write(one, 'a')
    await write(two, 'c')
    await store.put(indexKey('one'), Buffer.from('{}'))
    await room.look()
    assert.equal(room.bytes, await roomOf(two))
  })
})
