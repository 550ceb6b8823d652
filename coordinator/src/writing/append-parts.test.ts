import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quietContext } from '@hypershard/harness'
import {
  createDirectoryStore,
  createIndex,
  firstGeneration,
  type LogPart,
  latestManifest,
  type ObjectStore,
  partBounds,
  readLogEntry,
  WriteLog,
} from '@hypershard/storage'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { appendOperations } from './append-operations.ts'
import { type GoodLine, LineTally } from './line-tally.ts'
import { WriteGuard } from './write-guard.ts'

describe('appending a write to the log', () => {
  let root: string
  let store: ObjectStore
  let entry: CatalogEntry
  let log: WriteLog

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'hypershard-append-'))
    store = await createDirectoryStore(root)
    const model = { name: 'words', digest: 'ab'.repeat(32) }
    const record = await createIndex(store, { name: 'papers', model, vectorWidth: 2, shards: 1, replicas: 1 })
    const generation = firstGeneration(record)
    entry = { record, generation, manifest: await latestManifest(store, generation) }
    log = new WriteLog(store, record)
  })

  afterEach(() => rm(root, { recursive: true }))

  const putOf = (line: number, text: string, ifVersion?: number): GoodLine => ({
    line,
    ifVersion,
    operation: { type: 'put', document: { id: `d${line}`, title: '', text, fields: '{}' } },
  })

  async function append(...lines: readonly GoodLine[]) {
    const source = (async function* () {
      yield* lines
    })()
    const guard = new WriteGuard(store, { lagMax: 1_000_000, freeShareMin: 0 })
    const parts = { store, log, guard, tally: new LineTally() }
    return appendOperations(
      { entry, lines: source, rules: { fields: {}, vectors: undefined }, idempotencyKey: undefined },
      parts,
      quietContext(),
    )
  }

  async function storedParts(sequence: number): Promise<readonly LogPart[]> {
    const { name: index, uid: indexUid } = entry.record
    return (await readLogEntry(store, { index, indexUid }, sequence))!.parts
  }

  for (const { what, character } of [
    { what: 'of three bytes in UTF-8', character: '婚' },
    { what: 'that JSON writes as six', character: '\u0001' },
  ]) {
    it(`ends a part by its bytes as stored, also of characters ${what}`, async () => {
      const text = character.repeat(2 ** 20)
      const lines = Array.from({ length: 12 }, (_, line) => putOf(line, text))
      const { sequence, accepted } = await append(...lines)
      assert.equal(accepted, 12)
      const lineBytesMax = 6 * 2 ** 20 + 100
      const parts = await storedParts(sequence!)
      assert(parts.length > 1)
      for (const { bytes } of parts) assert(bytes < partBounds.bytesMax + lineBytesMax, `a part of ${bytes} bytes`)
    })
  }

  it('refuses conditions on more bytes than a part has', async () => {
    const text = '婚'.repeat(2 ** 20)
    const lines = Array.from({ length: 12 }, (_, line) => putOf(line, text, 0))
    await assert.rejects(append(...lines), { code: 'request_too_large' })
  })
})
