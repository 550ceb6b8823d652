import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Deadline, HypershardError } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import fc from 'fast-check'
import { deleteIndex, type IndexRecord } from '../catalog/index/index-record.ts'
import { logEntryKey, logPartKey, logTrimKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { createTestIndex } from '../testing/write-segment.ts'
import { readLogEntry } from './log-entry.ts'
import { LogPartBuilder, type Operation, partBounds, readLogPart } from './operation.ts'
import { noLag, WriteLog } from './write-log.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('', '\n', '\ufeffmark', 'é😀', '["'),
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ id: text, title: text, text, fields: text }, { noNullPrototype: true }).map(document => ({
    type: 'put' as const,
    document,
  })),
  text.map(id => ({ type: 'delete' as const, id })),
)

describe('the write log', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let index: IndexRecord
  let reference: { index: string; indexUid: string }

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    index = await createTestIndex(store)
    reference = { index: index.name, indexUid: index.uid }
  })

  afterEach(() => temporary.remove())

  function storePart(...operations: Operation[]) {
    const builder = new LogPartBuilder()
    for (const each of operations) builder.add(each)
    return builder.store(store, reference)
  }

  it('keeps with an entry the span that appended it, and reads one without as before', async () => {
    const log = new WriteLog(store, index)
    const traceparent = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`
    await log.append({ parts: [await storePart(deletion('a'))], traceparent })
    await log.append({ parts: [await storePart(deletion('b'))] })
    const entries = [await readLogEntry(store, reference, 1), await readLogEntry(store, reference, 2)]
    assert.deepEqual(
      entries.map(entry => entry!.traceparent),
      [traceparent, undefined],
    )
    assert.equal('traceparent' in entries[1]!, false)
  })

  const deletion = (id: string): Operation => ({ type: 'delete', id })
  const put = (id: string): Operation => ({ type: 'put', document: { id, title: '', text: '', fields: '{}' } })

  async function storedIds(): Promise<string[]> {
    const ids: string[] = []
    for (let sequence = 1; ; sequence++) {
      const entry = await readLogEntry(store, reference, sequence)
      if (entry === undefined) return ids
      for (const part of entry.parts) {
        for (const each of await readLogPart(store, reference, part)) ids.push(each.type === 'delete' ? each.id : '')
      }
    }
  }

  it('gives back the operations of a part as they went in', async () => {
    const property = fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 40 }), async operations => {
      const part = await storePart(...operations)
      assert.deepEqual(await readLogPart(store, reference, part), operations)
      assert.equal(part.puts + part.deletes, operations.length)
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 20, thorough: 200 }) })
  })

  it('tells when a part is full', () => {
    const builder = new LogPartBuilder()
    for (let at = 0; at < partBounds.operationsMax; at++) {
      assert.equal(builder.full, false)
      builder.add(deletion(`${at}`))
    }
    assert.equal(builder.full, true)
  })

  it('orders the writes of many writers without a gap, and loses none', async () => {
    const writers = Array.from({ length: 8 }, () => new WriteLog(store, index))
    const appended = await Promise.all(
      writers.flatMap((log, writer) =>
        Array.from({ length: 5 }, async (_, at) => {
          const id = `${writer}-${at}`
          const { sequence } = await log.append({ parts: [await storePart(deletion(id))] })
          return { id, sequence }
        }),
      ),
    )
    const bySequence = appended.toSorted((a, b) => a.sequence - b.sequence)
    assert.deepEqual(
      bySequence.map(({ sequence }) => sequence),
      Array.from({ length: 40 }, (_, at) => at + 1),
    )
    assert.deepEqual(
      await storedIds(),
      bySequence.map(({ id }) => id),
    )
    assert.equal(await new WriteLog(store, index).head(), 40)
  })

  it('pauses, longer each time, before it tries again after another writer came first, within its deadline', async () => {
    const pauses: number[] = []
    let nowMs = 0
    const pause = async (ms: number) => {
      pauses.push(ms)
      nowMs += ms
    }
    const clock = { now: () => nowMs, monotonicMs: () => nowMs, pause }
    const parts = [await storePart(deletion('a'))]
    const { putIfAbsent } = store
    // Each number is taken between the look and the try.
    store.putIfAbsent = async (key, bytes) => {
      await putIfAbsent.call(store, key, bytes)
      throw new HypershardError('conflict', 'told to fail')
    }
    const deadline = Deadline.after(50, { clock })
    await assert.rejects(new WriteLog(store, index, clock).append({ parts }, deadline), { code: 'deadline_exceeded' })
    store.putIfAbsent = putIfAbsent
    assert(pauses.length > 2, `${pauses.length} pauses`)
    for (const [at, ms] of pauses.entries()) assert(ms < 2 * 2 ** at, `${ms} ms after ${at + 1} lost attempts`)
  })

  it('writes once what is tried many times with one key, from several processes, also after a crash', async () => {
    const attempts = Array.from({ length: 12 }, async (_, at) => {
      const log = new WriteLog(store, index)
      const parts = [await storePart(deletion('a'))]
      // Other writers come between.
      if (at % 3 === 0) await log.append({ parts: [await storePart(deletion(`other-${at}`))] })
      return log.append({ parts, idempotencyKey: 'k' })
    })
    const outcomes = await Promise.all(attempts)
    assert.equal(new Set(outcomes.map(({ sequence }) => sequence)).size, 1)
    assert.equal(outcomes.filter(({ repeated }) => !repeated).length, 1)
    assert.equal((await storedIds()).filter(id => id === 'a').length, 1)
  })

  it('finds the entry of a key whose first attempt crashed before it could note it', async () => {
    const parts = [await storePart(deletion('a'))]
    const { put } = store
    // The note is the only object that is replaced.
    store.put = async key => assert.fail(`killed before ${key}`)
    await assert.rejects(new WriteLog(store, index).append({ parts, idempotencyKey: 'k' }), /killed before .*keys/)
    store.put = put
    const again = await new WriteLog(store, index).append({ parts, idempotencyKey: 'k' })
    assert.deepEqual(again, { sequence: 1, repeated: true })
    assert.deepEqual(await storedIds(), ['a'])
  })

  it('refuses a key that stands for other operations', async () => {
    const log = new WriteLog(store, index)
    await log.append({ parts: [await storePart(deletion('a'))], idempotencyKey: 'k' })
    const other = log.append({ parts: [await storePart(deletion('b'))], idempotencyKey: 'k' })
    await assert.rejects(other, { code: 'idempotency_mismatch', message: /written as sequence 1/ })
  })

  it('appends under the number asked for or not at all', async () => {
    const log = new WriteLog(store, index)
    const parts = [await storePart(deletion('a'))]
    await log.append({ parts, expectedSequence: 1 })
    await assert.rejects(log.append({ parts, expectedSequence: 1 }), { code: 'conflict' })
    await assert.rejects(log.append({ parts, expectedSequence: 3 }), { code: 'conflict' })
    assert.equal(await log.head(), 1)
  })

  it('counts what comes after a place', async () => {
    const log = new WriteLog(store, index)
    await log.append({ parts: [await storePart(deletion('a'), deletion('b')), await storePart(deletion('c'))] })
    await log.append({ parts: [await storePart(deletion('d'))] })
    await log.append({ parts: [await storePart(put('e'))] })
    const behind = async (sequence: number, parts: number) => {
      const { bytes, ...counts } = await log.lagBehind({ sequence, parts })
      return { ...counts, bytes: bytes / deletionBytes }
    }
    const putBytes = Buffer.byteLength('["put","e","","","{}"]\n')
    const deletionBytes = Buffer.byteLength('["delete","a"]\n')
    const last = { puts: 1, bytes: putBytes / deletionBytes }
    assert.deepEqual(await behind(0, 0), { entries: 3, parts: 4, operations: 5, puts: 1, bytes: 4 + last.bytes })
    assert.deepEqual(await behind(0, 1), { entries: 3, parts: 3, operations: 3, puts: 1, bytes: 2 + last.bytes })
    const inside = await log.lagBehind({ sequence: 0, parts: 0, operations: 1 })
    assert.deepEqual([inside.operations, inside.puts, inside.parts], [4, 1, 4])
    assert.deepEqual(await behind(2, 0), { entries: 1, parts: 1, operations: 1, ...last })
    assert.deepEqual(await log.lagBehind({ sequence: 3, parts: 0 }), noLag)
  })

  it('never gives a number again that was trimmed, to a writer that slept meanwhile', async () => {
    const sleeper = new WriteLog(store, index)
    await sleeper.append({ parts: [await storePart(deletion('a'))] })
    const busy = new WriteLog(store, index)
    for (let at = 0; at < 4; at++) await busy.append({ parts: [await storePart(deletion(`b${at}`))] })
    await store.putIfAbsent(logTrimKey(reference, 5), new Uint8Array(1))
    for (let sequence = 1; sequence <= 5; sequence++) await store.delete(logEntryKey(reference, sequence))
    const { sequence } = await sleeper.append({ parts: [await storePart(deletion('late'))] })
    assert.equal(sequence, 6)
    assert.equal(await readLogEntry(store, reference, 2), undefined)
    assert.equal(await new WriteLog(store, index).head(), 6)
  })

  it('takes an entry back that it created under a number which was trimmed a moment before', async () => {
    const sleeper = new WriteLog(store, index)
    const parts = [await storePart(deletion('late'))]
    const { putIfAbsent } = store
    // It has looked, and falls asleep just before it creates the entry.
    store.putIfAbsent = async (...given) => {
      store.putIfAbsent = putIfAbsent
      const busy = new WriteLog(store, index)
      for (const id of ['a', 'b']) await busy.append({ parts: [await storePart(deletion(id))] })
      await store.putIfAbsent(logTrimKey(reference, 2), new Uint8Array(1))
      for (const sequence of [1, 2]) await store.delete(logEntryKey(reference, sequence))
      return store.putIfAbsent(...given)
    }
    assert.equal((await sleeper.append({ parts })).sequence, 3)
    assert.equal(await readLogEntry(store, reference, 1), undefined)
  })

  it('refuses a write whose parts were given up meanwhile', async () => {
    const slow = new WriteLog(store, index)
    const parts = [await storePart(deletion('a'))]
    await new WriteLog(store, index).append({ parts: [], condemned: parts.map(({ name }) => name) })
    await assert.rejects(slow.append({ parts }), { code: 'conflict', message: /send them again/ })
  })

  it('acknowledges nothing of an index that was deleted or created again meanwhile', async () => {
    const log = new WriteLog(store, index)
    const parts = [await storePart(deletion('a'))]
    await deleteIndex(store, 'papers')
    await assert.rejects(log.append({ parts }), { code: 'index_not_found' })
    const successor = await createTestIndex(store)
    await assert.rejects(log.append({ parts }), { code: 'index_not_found' })
    assert.equal(await new WriteLog(store, successor).head(), 0)
  })

  it('names the file that is damaged, whichever byte it is', async () => {
    const log = new WriteLog(store, index)
    const part = await storePart(deletion('a'), {
      type: 'put',
      document: { id: 'b', title: '', text: 't', fields: '{}' },
    })
    await log.append({ parts: [part] })
    const files: [key: string, read: () => Promise<unknown>][] = [
      [logEntryKey(reference, 1), () => readLogEntry(store, reference, 1)],
      [logPartKey(reference, part.name), () => readLogPart(store, reference, part)],
    ]
    for (const [key, read] of files) {
      const path = join(temporary.root, key)
      const bytes = await readFile(path)
      for (let position = 0; position < bytes.length - 1; position++) {
        const altered = Buffer.from(bytes)
        altered[position]! ^= 1 << (position % 7)
        await writeFile(path, altered)
        // White space between members is for people, and no part of the seal.
        const outcome = await read().then(
          found => assert.notEqual(found, undefined),
          error => {
            assert.equal(error.code, 'corrupt_data')
            assert.ok(error.message.includes(key), error.message)
            return 'refused'
          },
        )
        if (!/\s/.test(String.fromCharCode(bytes[position]!))) assert.equal(outcome, 'refused', `byte ${position}`)
        await writeFile(path, altered.subarray(0, position))
        await assert.rejects(read(), { code: 'corrupt_data' })
      }
      await writeFile(path, bytes)
      await read()
    }
  })
})
