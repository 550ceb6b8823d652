import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fields } from '@hypershard/contract'
import { casesOf, Random } from '@hypershard/harness'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import { firstGeneration } from '../catalog/generation/generation-record.ts'
import { createIndex } from '../catalog/index/index-record.ts'
import { LogPartBuilder, type LogPartSize, partBounds } from '../log/operation.ts'
import { addLag, type LogLag, lagOf, noLag } from '../log/write-log.ts'
import { commitSegments } from '../manifest/commit/commit-segments.ts'
import { initialManifest } from '../manifest/initial-manifest.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { latestManifest } from '../manifest/manifest-store.ts'
import { rangeSampleRowsMax } from '../manifest/samples/extend-samples.ts'
import type { StoredDocument } from '../segment/documents-file.ts'
import { createSegmentWriter, newSegmentOf } from '../segment/segment-writer.ts'
import { shardOf } from '../shard-of.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { testModel } from '../testing/write-segment.ts'
import { roomToIndex, roomToMerge } from './room-to-index.ts'

const seeds = casesOf({ usual: 5, thorough: 20 })
const blockBytes = 4_096

interface Part {
  readonly documents: StoredDocument[]
  readonly size: LogPartSize
}

describe('the room that indexing takes', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  function drawPart(random: Random, sequence: number): Part {
    const builder = new LogPartBuilder()
    const documents = new Map<string, StoredDocument>()
    for (let count = 1 + random.below(random.chance(0.3) ? 400 : 3); count > 0; count--) {
      const id = `${random.below(60)}`.repeat(1 + random.below(100))
      const fields = JSON.stringify({ year: random.below(3_000), tag: 'x'.repeat(random.below(40)) })
      const text = 'ä word '.repeat(random.below(random.chance(0.1) ? 5_000 : 20))
      builder.add({ type: 'put', document: { id, title: 'one', text, fields } })
      documents.set(id, { id, title: 'one', text, fields, version: sequence })
    }
    return { documents: [...documents.values()], size: builder.size }
  }

  /** As an indexer does it: a segment a shard, and a commit. */
  async function index(manifest: Manifest, documents: readonly StoredDocument[]): Promise<Manifest> {
    const added = []
    for (const [shard, own] of Map.groupBy(documents, ({ id }) => shardOf(id, manifest.shards))) {
      const writer = await createSegmentWriter(store, { ...newSegmentOf(manifest), shard, documents: own.length })
      await writer.append(own, new Float32Array(own.length * manifest.vectorWidth).fill(0.5))
      added.push(await writer.finish())
    }
    return commitSegments(store, manifest, added, { deletedIds: [] })
  }

  async function bytesOnDisk(folder = temporary.root): Promise<number> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const sizes = entries.map(async entry =>
      entry.isFile() ? (await stat(join(entry.parentPath, entry.name))).size : blockBytes,
    )
    const blocks = (await Promise.all(sizes)).map(bytes => Math.ceil(bytes / blockBytes))
    return blocks.reduce((sum, count) => sum + count * blockBytes, 0)
  }

  it(`is never less than it takes, each part alone (${seeds} seeds)`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const random = new Random(seed)
      const name = `papers-${seed}`
      const fields: Fields = random.chance(0.5)
        ? { year: { type: 'number', list: false }, tag: { type: 'keyword', list: false } }
        : {}
      const shape = { vectorWidth: random.pick([1, 16, 768]), shards: 1 + random.below(4) }
      const record = await createIndex(store, { name, model: testModel, replicas: 1, fields, ...shape })
      let manifest = await latestManifest(store, firstGeneration(record))
      for (let round = 1; round <= 3; round++) {
        const parts = Array.from({ length: 1 + random.below(3) }, () => drawPart(random, round))
        const lag = parts.map(({ size }) => lagOf([size])).reduce(addLag)
        const room = roomToIndex(lag, manifest)
        const before = await bytesOnDisk()
        for (const { documents } of parts) manifest = await index(manifest, documents)
        const taken = (await bytesOnDisk()) - before
        assert.ok(taken <= room, `seed ${seed}, round ${round}: it took ${taken} bytes, ${room} were foreseen`)
      }
    }
  })

  const manifestOf = async (overrides: Partial<Manifest> = {}): Promise<Manifest> => {
    const index = { name: 'papers', model: testModel, vectorWidth: 16, shards: 2, replicas: 1 }
    return { ...initialManifest(firstGeneration(await createIndex(store, index))), ...overrides }
  }

  const some: LogLag = { entries: 1, parts: 1, operations: 1, puts: 1, bytes: 100 }

  it('is none when nothing waits', async () => {
    const manifest = await manifestOf()
    assert.equal(roomToIndex(noLag, manifest), 0)
    assert.equal(roomToIndex({ ...noLag, entries: 3 }, manifest), 0)
  })

  it('grows with documents, bytes, parts, width, fields and segments', async () => {
    const manifest = await manifestOf()
    const room = roomToIndex(some, manifest)
    const segment = { digest: testModel.digest, shard: 0, documents: 80_000, bytes: 1, truncated: 0, deleted: null }
    const larger = {
      documents: roomToIndex({ ...some, operations: 2, puts: 2 }, manifest),
      bytes: roomToIndex({ ...some, bytes: 200 }, manifest),
      deletions: roomToIndex({ ...some, operations: 2, parts: 2 }, manifest),
      fields: roomToIndex(some, { ...manifest, fields: { year: { type: 'number', list: false } } }),
      segments: roomToIndex(some, { ...manifest, segments: [segment] }),
    }
    for (const [what, bytes] of Object.entries(larger)) assert.ok(bytes > room, what)
    const full = { calibration: { digest: testModel.digest, documents: rangeSampleRowsMax } }
    const widthBytes = (vectorWidth: number) => roomToIndex(some, { ...manifest, ...full, vectorWidth })
    assert.ok(widthBytes(768) - widthBytes(16) >= 752 * Float32Array.BYTES_PER_ELEMENT)
    // A tombstone a row.
    assert.ok(larger.segments - room >= segment.documents / 8)
  })

  it('foresees that one batch begins before the others are written, and batches that are half full', async () => {
    const manifest = await manifestOf()
    const deletions = (parts: number, operations: number) =>
      roomToIndex({ ...noLag, entries: parts, parts, operations }, manifest)
    const perBatch = deletions(1, 1_000)
    assert.equal(deletions(2, 1_000) - perBatch, perBatch)
    assert.equal(deletions(1_000, 1_000), 5 * perBatch)
    assert.equal(deletions(4_000, 2 * partBounds.operationsMax), 7 * deletions(1, 2 * partBounds.operationsMax))
  })

  it('of a merge is that of its segments and the graph', async () => {
    const manifest = await manifestOf()
    const alone = roomToMerge([], 0, manifest)
    assert.equal(roomToMerge([{ bytes: 5_000 }, { bytes: 7_000 }], 300, manifest) - alone, 12_300)
  })
})
