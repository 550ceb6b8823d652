import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { createGeneration, firstGeneration, type GenerationRecord } from '../catalog/generation/generation-record.ts'
import { changeGenerationState } from '../catalog/generation/generation-state.ts'
import type { IndexRecord } from '../catalog/index/index-record.ts'
import { logEntryKey, manifestKey } from '../layout.ts'
import { readLogEntry } from '../log/log-entry.ts'
import { LogPartBuilder } from '../log/operation.ts'
import { WriteLog } from '../log/write-log.ts'
import { commitSegments } from '../manifest/commit/commit-segments.ts'
import { commitManifest, latestManifest, readManifest } from '../manifest/manifest-store.ts'
import { verifyGeneration } from '../manifest/verify/verify-generation.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { boundStore } from '../testing/bound-store.ts'
import {
  createTestIndex,
  putTestDocuments,
  testDocument,
  testModel,
  testWidth,
  writeTestSegment,
} from '../testing/write-segment.ts'
import { collectIndex } from './collect-index.ts'

const keepMs = 1_000
const day = 24 * 3_600_000

describe('collecting what nothing needs', () => {
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
  async function collect(afterMs = 10 * keepMs): Promise<readonly string[]> {
    const nowMs = Date.now()
    await collectIndex(store, index, { nowMs, keepMs })
    return collectIndex(store, index, { nowMs: nowMs + afterMs, keepMs })
  }

  const filesUnder = (folder: string) => store.list(`indexes/papers/generations/1/${folder}/`)

  it('deletes segments, tombstones and versions that only old versions need, and nothing else', async () => {
    await put('a', 'b', 'c')
    await put('a', 'd')
    await put('b', 'c', 'e')
    const before = await latestManifest(store, generation)
    assert.equal(before.segments.length, 2)
    const deleted = await collect()
    assert.ok(deleted.some(key => key.includes('/segments/')))
    const after = await latestManifest(store, generation)
    assert.deepEqual(after.segments, before.segments)
    assert.deepEqual(after.condemned, [])
    assert.equal(new Set((await filesUnder('segments')).map(key => key.split('/')[5])).size, 2)
    assert.deepEqual((await verifyGeneration(store, after)).problems, [])
    assert.equal(await store.get(manifestKey(generation, 1)), undefined)
  })

  it('deletes nothing that became idle a moment ago', async () => {
    await put('a', 'b')
    await put('a', 'b')
    const before = await store.list('indexes/papers/generations/1/segments/')
    await collect(keepMs - 500)
    assert.deepEqual(await store.list('indexes/papers/generations/1/segments/'), before)
  })

  it('only tells, when asked only to tell', async () => {
    await put('a', 'b')
    await put('b', 'a')
    await collectIndex(store, index, { nowMs: Date.now(), keepMs })
    const before = await store.list('')
    const late = { nowMs: Date.now() + 10 * keepMs, keepMs, dryRun: true }
    const would = await collectIndex(store, index, late)
    assert.ok(would.length >= 4, would.join())
    assert.deepEqual(await store.list(''), before)
  })

  it('keeps what a generation under construction is copied from', async () => {
    const source = await put('a', 'b')
    await put('a', 'b')
    await createGeneration(store, index, {
      model: testModel,
      vectorWidth: testWidth,
      shards: 1,
      source: { log: source.log, backfill: { generation: 1, version: source.version, slices: 1 } },
    })
    await collect()
    assert.deepEqual(await readManifest(store, source), source)
    assert.deepEqual((await verifyGeneration(store, source)).problems, [])
    await changeGenerationState(store, { index: 'papers', generation: 2 }, () => ({ phase: 'cancelled' }))
    await collect()
    assert.notDeepEqual((await verifyGeneration(store, source)).problems, [])
  })

  it('deletes a generation that was given up, and never gives its number again', async () => {
    const settings = { model: testModel, vectorWidth: testWidth, shards: 1, source: null }
    const second = await createGeneration(store, index, settings)
    await commitManifest(store, await latestManifest(store, second), { log: { sequence: 3, parts: 0 } })
    await changeGenerationState(store, second, () => ({ phase: 'dropped' }))
    await collect()
    assert.deepEqual(await store.list('indexes/papers/generations/2/manifest/'), [])
    assert.equal((await createGeneration(store, index, settings)).generation, 3)
  })

  it('deletes what a commit would have named had it come first, and refuses that commit', async () => {
    const first = await put('a')
    const late = await writeTestSegment(store, [testDocument('b')])
    const condemning = await commitManifest(store, first, { condemned: [`segments/${late.digest}`] })
    await assert.rejects(commitSegments(store, condemning, [late]), { code: 'conflict', message: /being deleted/ })
    await collectIndex(store, index, { nowMs: Date.now(), keepMs })
    const after = await latestManifest(store, generation)
    assert.deepEqual([after.condemned, after.segments], [[], first.segments])
    await assert.rejects(commitSegments(store, after, [late]), { code: 'storage_failed', message: /done again/ })
  })

  it('keeps what was idle for long and is committed while the collection looks', async () => {
    await put('a')
    const late = await writeTestSegment(store, [testDocument('b')])
    await collectIndex(store, index, { nowMs: Date.now(), keepMs })
    let looks = 0
    const slow: ObjectStore = {
      ...boundStore(store),
      list: async folder => {
        // First it sees what needs files, then which generations there are to be collected.
        if (folder.endsWith('/generations/1/manifest/') && ++looks === 2) {
          await commitSegments(store, await latestManifest(store, generation), [late])
        }
        return store.list(folder)
      },
    }
    await collectIndex(slow, index, { nowMs: Date.now() + 10 * keepMs, keepMs })
    const after = await latestManifest(store, generation)
    assert.deepEqual([after.segments.length, after.condemned], [2, []])
    assert.deepEqual((await verifyGeneration(store, after)).problems, [])
    await put('c')
  })

  async function write(log: WriteLog, id: string, idempotencyKey?: string) {
    const builder = new LogPartBuilder()
    builder.add({ type: 'delete', id })
    const part = await builder.store(store, { index: 'papers', indexUid: index.uid })
    return { part, ...(await log.append({ parts: [part], idempotencyKey })) }
  }

  it('trims the log up to where every generation has it, and remembers the keys of trimmed writes', async () => {
    const log = new WriteLog(store, index)
    const first = await write(log, 'a', 'k')
    await write(log, 'b')
    await write(log, 'c')
    await commitManifest(store, await latestManifest(store, generation), { log: { sequence: 2, parts: 0 } })
    await collect()
    const reference = { index: 'papers', indexUid: index.uid }
    assert.equal(await readLogEntry(store, reference, 2), undefined)
    assert.equal((await readLogEntry(store, reference, 3))?.sequence, 3)
    const again = await new WriteLog(store, index).append({ parts: [first.part], idempotencyKey: 'k' })
    assert.deepEqual(again, { sequence: 1, repeated: true })
    assert.equal((await write(log, 'd')).sequence, 4)
    assert.deepEqual(
      (await store.list(`indexes/papers/log/${index.uid}/trims/`)).map(key => key.slice(-15)),
      ['0000000002.json'],
    )
  })

  it('remembers the key of a trimmed write whose writer was killed before it could note it', async () => {
    const killed: ObjectStore = {
      ...boundStore(store),
      put: async (key, bytes) => (key.includes('/keys/') ? assert.fail('killed') : store.put(key, bytes)),
    }
    const builder = new LogPartBuilder()
    builder.add({ type: 'delete', id: 'a' })
    const parts = [await builder.store(store, { index: 'papers', indexUid: index.uid })]
    await assert.rejects(new WriteLog(killed, index).append({ parts, idempotencyKey: 'k' }), /killed/)
    await write(new WriteLog(store, index), 'b')
    await commitManifest(store, await latestManifest(store, generation), { log: { sequence: 2, parts: 0 } })
    await collect()
    assert.equal(await readLogEntry(store, { index: 'papers', indexUid: index.uid }, 1), undefined)
    const again = await new WriteLog(store, index).append({ parts, idempotencyKey: 'k' })
    assert.deepEqual(again, { sequence: 1, repeated: true })
  })

  it('trims the log no further than the generation that is furthest behind, those given up aside', async () => {
    const log = new WriteLog(store, index)
    for (const id of ['a', 'b', 'c']) await write(log, id)
    const settings = { model: testModel, vectorWidth: testWidth, shards: 1, source: null }
    const [second, third] = [
      await createGeneration(store, index, settings),
      await createGeneration(store, index, settings),
    ]
    for (const [record, sequence] of [
      [generation, 3],
      [second, 1],
      [third, 0],
    ] as const) {
      await commitManifest(store, await latestManifest(store, record), { log: { sequence, parts: 0 } })
    }
    await changeGenerationState(store, third, () => ({ phase: 'dropped' }))
    await collect()
    const reference = { index: 'papers', indexUid: index.uid }
    const left = await Promise.all([1, 2, 3].map(sequence => readLogEntry(store, reference, sequence)))
    assert.deepEqual(
      left.map(entry => entry?.sequence),
      [undefined, 2, 3],
    )
  })

  it('deletes the parts of a write that broke off, after a day, and its key', async () => {
    const log = new WriteLog(store, index)
    await write(log, 'kept', 'k')
    const builder = new LogPartBuilder()
    builder.add({ type: 'delete', id: 'lost' })
    await builder.store(store, { index: 'papers', indexUid: index.uid })
    const parts = () => store.list(`indexes/papers/log/${index.uid}/parts/`)
    assert.equal((await parts()).length, 2)
    await collect(day / 2)
    assert.equal((await parts()).length, 2)
    await collect(2 * day)
    assert.equal((await parts()).length, 1)
    assert.deepEqual(await store.list(`indexes/papers/log/${index.uid}/keys/`), [])
    assert.equal((await store.get(logEntryKey({ index: 'papers', indexUid: index.uid }, 1))) === undefined, false)
  })
})

describe('verifying a generation', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let generation: GenerationRecord

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    generation = firstGeneration(await createTestIndex(store))
    for (const ids of [
      ['a', 'b', 'c'],
      ['b', 'd'],
    ]) {
      const added = [
        await writeTestSegment(
          store,
          ids.map(id => testDocument(id)),
        ),
      ]
      await commitSegments(store, await latestManifest(store, generation), added)
    }
  })

  afterEach(() => temporary.remove())

  it('counts each document once', async () => {
    const report = await verifyGeneration(store, await latestManifest(store, generation))
    const { segments, documents, documentsCounted, problems } = report
    assert.deepEqual(
      { segments, documents, documentsCounted, problems },
      { segments: 2, documents: 4, documentsCounted: 4, problems: [] },
    )
  })

  it('names any file of it that is altered', async () => {
    const manifest = await latestManifest(store, generation)
    const keys = (await store.list('indexes/papers/generations/1/')).filter(
      key => !/(manifest|calibration)\//.test(key),
    )
    assert.equal(keys.length, 2 * 4 + 1)
    for (const key of keys) {
      const bytes = (await store.get(key))!
      const altered = Uint8Array.from(bytes)
      altered[altered.length >> 1]! ^= 1
      await store.put(key, altered)
      const { problems } = await verifyGeneration(store, manifest)
      assert.ok(
        problems.some(problem => problem.includes(key.split('/').at(-1)!)),
        `${key}: ${problems.join()}`,
      )
      await store.put(key, bytes)
    }
  })

  it('tells a document that is there twice, which a commit never leaves', async () => {
    const manifest = await latestManifest(store, generation)
    const twice = await commitSegments(store, manifest, [await writeTestSegment(store, [testDocument('a', 'again')])], {
      disjoint: true,
    })
    assert.deepEqual((await verifyGeneration(store, twice)).problems, ['document "a" is there twice'])
  })
})
