import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import {
  createDirectoryStore,
  type LogReference,
  type ObjectStore,
  operationId,
  readLogEntry,
  readLogPart,
  WriteLog,
} from '@hypershard/storage'
import { Catalog, type CatalogEntry } from '../catalog/catalog.ts'
import { appendOperations } from './append-operations.ts'
import { findDocuments } from './find-documents.ts'
import { type GoodLine, LineTally } from './line-tally.ts'
import { WriteGuard } from './write-guard.ts'

const soon = () => Deadline.after(10_000)

function put(line: number, id: string, ifVersion?: number): GoodLine {
  const document = { id, title: '', text: `line ${line}`, fields: '{}' }
  return { line, operation: { type: 'put', document }, ifVersion } as GoodLine
}

const remove = (line: number, id: string): GoodLine => ({ line, operation: { type: 'delete', id } }) as GoodLine

describe('appending the lines of a write', () => {
  let directory: string
  let store: ObjectStore
  let entry: CatalogEntry
  let log: WriteLog
  let tally: LineTally

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-append-'))
    store = await createDirectoryStore(directory)
    const catalog = await Catalog.load(store)
    const model = { name: 'words', digest: 'ab'.repeat(32) }
    entry = await catalog.create({ name: 'papers', model, vectorWidth: 3, shards: 1, replicas: 1 }, soon())
    log = new WriteLog(store, entry.record)
    tally = new LineTally()
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  async function* streamOf(lines: readonly GoodLine[]) {
    yield* lines
  }

  type Owns = (document: { readonly text: string }) => boolean

  function append(lines: readonly GoodLine[], idempotencyKey?: string, own = store, owns?: Owns) {
    const guard = new WriteGuard(own, { lagMax: 1_000, freeShareMin: 0 })
    const rules = { fields: {}, vectors: undefined }
    const input = { entry, lines: streamOf(lines), rules, idempotencyKey, owns }
    return appendOperations(input, { store: own, log, guard, tally }, quietContext())
  }

  /** What an entry of the log does, as `id text` or `id`. */
  async function operationsOf(sequence: number): Promise<string[]> {
    const reference: LogReference = { index: 'papers', indexUid: entry.record.uid }
    const { parts } = (await readLogEntry(store, reference, sequence))!
    const operations = (await Promise.all(parts.map(part => readLogPart(store, reference, part)))).flat()
    return operations.map(one => (one.type === 'put' ? `${one.document.id} ${one.document.text}` : operationId(one)))
  }

  it('makes them one entry, in their order', async () => {
    const appended = await append([put(1, 'a'), remove(2, 'b'), put(3, 'a')])
    assert.deepEqual(appended, { accepted: 3, sequence: 1, repeated: false })
    assert.deepEqual(await operationsOf(1), ['a line 1', 'b', 'a line 3'])
  })

  it('writes nothing for no lines', async () => {
    assert.deepEqual(await append([]), { accepted: 0, sequence: null, repeated: false })
    assert.equal(await log.head(), 0)
  })

  it('leaves out lines whose condition does not hold, and says so of each', async () => {
    await append([put(1, 'a')])
    const appended = await append([put(1, 'a', 1), put(2, 'b', 5), put(3, 'c', 0), put(4, 'd')])
    assert.deepEqual([appended.accepted, await operationsOf(2)], [3, ['a line 1', 'c line 3', 'd line 4']])
    assert.deepEqual(
      tally.errors.map(({ line, id, code }) => [line, id, code]),
      [[2, 'b', 'version_mismatch']],
    )
  })

  it('lets the second of two conditional lines of one document meet what the first leaves', async () => {
    assert.equal((await append([put(1, 'a', 0), put(2, 'a', 0)])).accepted, 1)
    assert.deepEqual(await operationsOf(1), ['a line 1'])
    assert.match(tally.errors[0]!.message, /written by an earlier line/)
  })

  /** A store in which another write comes in between: a line was decided on, and is about to be appended. */
  function racedBy(line: GoodLine): ObjectStore {
    let others = 0
    return new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (name !== 'putIfAbsent') return typeof value === 'function' ? value.bind(target) : value
        return async (key: string, bytes: Uint8Array) => {
          if (key.includes('/parts/') && others++ === 0) await append([line])
          return target.putIfAbsent(key, bytes)
        }
      },
    })
  }

  it('decides anew when another write came in between', async () => {
    await append([put(1, 'a')])
    const raced = racedBy(put(1, 'a'))
    const appended = await append([put(9, 'a', 1)], undefined, raced)
    assert.deepEqual([appended.accepted, appended.sequence, await log.head()], [0, null, 2])
    assert.match(tally.errors[0]!.message, /_if_version is 1, and the document has version 2/)
  })

  it('replaces no document that another tenant put in between', async () => {
    const owns: Owns = ({ text }) => text !== 'line 2'
    const lines = [put(1, 'a'), remove(3, 'b'), put(4, 'c')]
    const appended = await append(lines, undefined, racedBy(put(2, 'a')), owns)
    assert.deepEqual([appended.accepted, appended.sequence], [2, 2])
    assert.deepEqual([await operationsOf(1), await operationsOf(2)], [['a line 2'], ['c line 4']])
    assert.deepEqual(
      tally.errors.map(({ line, code }) => [line, code]),
      [[1, 'forbidden']],
    )
  })

  it('answers a tenant alike of a document that is not there and of one that is not his', async () => {
    await append([put(2, 'theirs')])
    const owns: Owns = ({ text }) => text !== 'line 2'
    const answers = ['theirs', 'nobodys'].map(id => append([remove(1, id)], undefined, store, owns))
    const [theirs, nobodys] = await Promise.all(answers)
    assert.deepEqual([theirs, nobodys?.accepted, nobodys?.sequence], [nobodys, 1, null])
    assert.equal(await log.head(), 1)
  })

  it('refuses an idempotency key beside conditions', async () => {
    await assert.rejects(append([put(1, 'a', 0)], 'k'), { code: 'invalid_request' })
    assert.equal((await append([put(1, 'a')], 'k')).repeated, false)
    assert.equal((await append([put(1, 'a')], 'k')).repeated, true)
  })

  it('refuses conditions in a write of more lines than are decided together', async () => {
    const many = Array.from({ length: 4_097 }, (_, at) => put(at, `${at}`))
    for (const lines of [
      [put(0, 'x', 0), ...many],
      [...many, put(0, 'x', 0)],
    ]) {
      await assert.rejects(append(lines), { code: 'request_too_large' })
    }
    assert.equal(await log.head(), 0)
    assert.equal((await append(many)).accepted, 4_097)
  })

  it('finds of each document what the log says last', async () => {
    await append([put(1, 'a'), put(2, 'b')])
    await append([remove(1, 'a'), put(2, 'c'), put(3, 'c')])
    const found = await findDocuments(store, entry.manifest, new Set(['a', 'b', 'c', 'd']))
    const texts = [...found.documents.values()].map(({ id, text, version }) => `${id}@${version} ${text}`)
    assert.deepEqual([found.sequence, texts.sort()], [2, ['b@1 line 2', 'c@2 line 3']])
  })
})
