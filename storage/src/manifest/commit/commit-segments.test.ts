import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { casesOf } from '@hypershard/harness'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import fc from 'fast-check'
import { deleteIndex } from '../../catalog/index/index-record.ts'
import { openSegment } from '../../segment/segment-reader.ts'
import { hasBit } from '../../segment/tombstones/bitmap.ts'
import { readTombstones } from '../../segment/tombstones/tombstone-file.ts'
import { shardOf } from '../../shard-of.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import {
  createTestGeneration,
  createTestIndex,
  testDocument,
  testWidth,
  writeTestSegment,
} from '../../testing/write-segment.ts'
import { eligibleDocuments, type Manifest, type SegmentEntry } from '../manifest.ts'
import { latestManifest } from '../manifest-store.ts'
import { commitSegments } from './commit-segments.ts'

/** What a search would find: each eligible document's text and the first value of its vector, by id. */
async function visibleDocuments(store: ObjectStore, manifest: Manifest): Promise<Map<string, [string, number]>> {
  const visible = new Map<string, [string, number]>()
  for (const { digest, documents, deleted } of manifest.segments) {
    const reader = await openSegment(store, { index: manifest.index, generation: manifest.generation, digest })
    const tombstones = deleted && (await readTombstones(store, manifest, deleted.digest, documents))
    const vectors = await reader.loadVectors()
    const stored = await reader.openDocuments()
    for (let row = 0; row < documents; row++) {
      if (tombstones && hasBit(tombstones, row)) continue
      const [document] = await stored.read([row])
      assert(!visible.has(document!.id), `${document!.id} is eligible twice`)
      visible.set(document!.id, [document!.text, vectors[row * testWidth]!])
    }
    await stored.close()
  }
  return visible
}

/** Puts documents as the coordinator does: the last of an id wins, a segment or two a shard, one commit. */
async function putDocuments(
  store: ObjectStore,
  current: Manifest,
  documents: ReadonlyMap<string, [string, number]>,
  documentsPerSegment: number,
): Promise<Manifest> {
  const added: SegmentEntry[] = []
  for (const [shard, entries] of Map.groupBy(documents, ([id]) => shardOf(id, current.shards))) {
    for (let from = 0; from < entries.length; from += documentsPerSegment) {
      const some = entries.slice(from, from + documentsPerSegment)
      const vectors = Float32Array.from(some.flatMap(([, [, value]]) => new Array(testWidth).fill(value)))
      const stored = some.map(([id, [text]]) => testDocument(id, text))
      added.push(await writeTestSegment(store, stored, { shard, vectors }))
    }
  }
  return commitSegments(store, current, added)
}

const ids = fc.constantFrom(...'abcdefghij', 'é', '😀')
const puts = fc.dictionary(ids, fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: -9, max: 9 })), {
  minKeys: 1,
  maxKeys: 6,
  noNullPrototype: true,
})

describe('committing segments', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  const emptyIndex = async (shards = 1) => latestManifest(store, await createTestGeneration(store, shards))

  it('makes an index behave like a Map of its documents, whatever is put in whatever order', async () => {
    const history = fc.array(puts, { minLength: 1, maxLength: 5 })
    const cases = fc.asyncProperty(history, fc.integer({ min: 1, max: 3 }), async (batches, shards) => {
      const oracle = new Map<string, [string, number]>()
      let manifest = await emptyIndex(shards)
      for (const batch of batches) {
        const documents = new Map(Object.entries(batch))
        manifest = await putDocuments(store, manifest, documents, 4)
        for (const [id, document] of documents) oracle.set(id, document)
        assert.deepEqual(await visibleDocuments(store, manifest), oracle)
        assert.equal(eligibleDocuments(manifest), oracle.size)
        for (let shard = 0; shard < shards; shard++) {
          const expected = [...oracle.keys()].filter(id => shardOf(id, shards) === shard).length
          assert.equal(eligibleDocuments(manifest, shard), expected)
        }
      }
      await deleteIndex(store, 'papers')
    })
    await fc.assert(cases, { numRuns: casesOf({ usual: 8, thorough: 60 }) })
  })

  it('leaves older versions as they were', async () => {
    const first = await commitSegments(store, await emptyIndex(), [
      await writeTestSegment(store, [testDocument('a', 'old'), testDocument('b', 'old')]),
    ])
    await commitSegments(store, first, [await writeTestSegment(store, [testDocument('a', 'new')])])
    const texts = [...(await visibleDocuments(store, first))].map(([id, [text]]) => `${id} ${text}`)
    assert.deepEqual(texts, ['a old', 'b old'])
  })

  it('drops a segment when no document of it is left, also when the same documents come again', async () => {
    const documents = [testDocument('a'), testDocument('b')]
    const empty = await emptyIndex()
    const entry = await writeTestSegment(store, documents)
    const first = await commitSegments(store, empty, [entry])
    const again = await writeTestSegment(store, documents)
    const second = await commitSegments(store, first, [again])
    assert.deepEqual(second.segments, [again])
    assert.deepEqual(await store.list('indexes/papers/generations/1/tombstones/'), [])
    assert.equal((await visibleDocuments(store, second)).size, 2)
  })

  it('looks only at the shards that were added to', async () => {
    const empty = await emptyIndex(2)
    const other = await writeTestSegment(store, [testDocument('a')], { shard: 1 })
    const first = await commitSegments(store, empty, [other])
    const second = await commitSegments(store, first, [await writeTestSegment(store, [testDocument('a')])])
    assert.deepEqual(second.segments[0], other)
  })

  it('gives way to a writer that came first, and succeeds on top of its version', async () => {
    const base = await commitSegments(store, await emptyIndex(), [
      await writeTestSegment(store, [testDocument('a', '0')]),
    ])
    const mine = await writeTestSegment(store, [testDocument('a', 'mine'), testDocument('b')])
    const theirs = await commitSegments(store, base, [await writeTestSegment(store, [testDocument('a', 'theirs')])])
    await assert.rejects(commitSegments(store, base, [mine]), { code: 'conflict' })
    const visible = await visibleDocuments(store, await commitSegments(store, theirs, [mine]))
    assert.deepEqual([...visible.keys()].sort(), ['a', 'b'])
    assert.equal(visible.get('a')![0], 'mine')
  })

  it('finds no index, rather than damage, when the index was deleted meanwhile', async () => {
    const empty = await emptyIndex()
    const added = await writeTestSegment(store, [testDocument('a')])
    await deleteIndex(store, 'papers')
    await assert.rejects(commitSegments(store, empty, [added]), { code: 'index_not_found' })
    await createTestIndex(store)
    await assert.rejects(commitSegments(store, empty, [added]), { code: 'index_not_found' })
  })

  it('lets the event loop run while it looks through many ids', async () => {
    const many = Array.from({ length: 40_000 }, (_, row) => testDocument(`${row}`, ''))
    const first = await commitSegments(store, await emptyIndex(), [await writeTestSegment(store, many)])
    const added = await writeTestSegment(store, many.slice(10_000, 30_000))
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const second = await commitSegments(store, first, [added]).finally(() => clearInterval(timer))
    assert.equal(second.segments[0]!.deleted!.count, 20_000)
    assert(turns >= 10, `${turns} turns`)
  })
})

describe('tombstones', () => {
  let temporary: TemporaryStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
  })

  afterEach(() => temporary.remove())

  it('report any flipped bit, a wrong size and their absence, with the name of the file', async () => {
    const { store, root } = temporary
    const base = await latestManifest(store, await createTestGeneration(store))
    const first = await commitSegments(store, base, [
      await writeTestSegment(
        store,
        [...'abc'].map(id => testDocument(id)),
      ),
    ])
    const second = await commitSegments(store, first, [await writeTestSegment(store, [testDocument('b')])])
    const { digest, count } = second.segments[0]!.deleted!
    assert.equal(count, 1)
    assert.deepEqual([...(await readTombstones(store, second, digest, 3))], [0b010])
    const folder = join(root, 'indexes/papers/generations/1/tombstones')
    assert.deepEqual(await readdir(folder), [`${digest}.safetensors`])
    const path = join(folder, `${digest}.safetensors`)
    const bytes = await readFile(path)
    const corrupt = { code: 'corrupt_data', message: new RegExp(`${digest}\\.safetensors`) }
    for (let position = 0; position < bytes.length; position++) {
      const altered = Buffer.from(bytes)
      altered[position]! ^= 1 << (position % 8)
      await writeFile(path, altered)
      await assert.rejects(readTombstones(store, second, digest, 3), corrupt)
    }
    await writeFile(path, bytes)
    await assert.rejects(readTombstones(store, second, digest, 9), { code: 'corrupt_data', message: /its shape is 1/ })
    await assert.rejects(readTombstones(store, second, 'f'.repeat(64), 3), {
      code: 'corrupt_data',
      message: /is missing/,
    })
  })
})
