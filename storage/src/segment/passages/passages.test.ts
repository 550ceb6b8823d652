import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { firstGeneration } from '../../catalog/generation/generation-record.ts'
import { createIndex } from '../../catalog/index/index-record.ts'
import { commitSegments } from '../../manifest/commit/commit-segments.ts'
import type { Manifest, SegmentEntry } from '../../manifest/manifest.ts'
import { segmentAt } from '../../manifest/manifest-files.ts'
import { latestManifest } from '../../manifest/manifest-store.ts'
import { readRangeSample } from '../../manifest/samples/sample-files.ts'
import { verifyGeneration } from '../../manifest/verify/verify-generation.ts'
import { createDirectoryStore } from '../../store/directory-store.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { testDocument, testModel, testWidth } from '../../testing/write-segment.ts'
import { mergeSegments } from '../merge-segments.ts'
import { openSegment } from '../segment-reader.ts'
import { createSegmentWriter, newSegmentOf } from '../segment-writer.ts'
import { passagesOfRow, rowOfPassage } from './passage-table.ts'

/** A document and how many passages it has; their vectors follow from its number and theirs. */
interface Cut {
  readonly number: number
  readonly passages: number
}

const vectorOf = ({ number }: Cut, passage: number) => [number, passage, number * passage]
const passagesOf = ({ passages }: Cut) =>
  Array.from({ length: passages }, (_, at) => ({ begin: 10 * at, end: 10 * at + 12 }))

describe('passages of a segment', () => {
  let parent: string
  let store: ObjectStore
  let manifest: Manifest
  let indexes = 0

  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-passages-'))
    store = await createDirectoryStore(parent)
  })

  after(() => rm(parent, { recursive: true }))

  beforeEach(async () => {
    const settings = { name: `cut-${indexes++}`, model: testModel, vectorWidth: testWidth, shards: 1, replicas: 1 }
    const index = await createIndex(store, { ...settings, passages: { overlap: 0.125 } })
    manifest = await latestManifest(store, firstGeneration(index))
  })

  async function write(documents: readonly Cut[]): Promise<SegmentEntry> {
    const passages = documents.reduce((sum, own) => sum + own.passages, 0)
    const counted = passages === documents.length ? undefined : passages
    const segment = { ...newSegmentOf(manifest), shard: 0, documents: documents.length, passages: counted }
    const writer = await createSegmentWriter(store, segment)
    const stored = documents.map(own => ({ ...testDocument(`document-${own.number}`), passages: passagesOf(own) }))
    const vectors = documents.flatMap(own => passagesOf(own).flatMap((_, at) => vectorOf(own, at)))
    await writer.append(stored, Float32Array.from(vectors))
    return writer.finish()
  }

  async function read(entry: SegmentEntry): Promise<Cut[]> {
    const reader = await openSegment(store, segmentAt(manifest, entry))
    const [vectors, table] = [await reader.loadVectors(), await reader.loadPassages()]
    assert.equal(vectors.length, (reader.passages ?? reader.documents) * testWidth)
    return Array.from({ length: reader.documents }, (_, row) => {
      if (table === undefined) return { number: vectors[row * testWidth]!, passages: 1 } satisfies Cut
      const found = passagesOfRow(table, row)
      const number = vectors[table.starts[row]! * testWidth]!
      const own = { number, passages: found.length }
      // A merge tells of one alone what it knows of it: that it is the whole text.
      if (found.length > 1) assert.deepEqual(found, passagesOf(own))
      for (const at of found.keys()) {
        const vector: number = table.starts[row]! + at
        assert.deepEqual([...vectors.subarray(vector * testWidth, (vector + 1) * testWidth)], vectorOf(own, at))
        assert.equal(rowOfPassage(table.starts, vector), row)
      }
      return own
    })
  }

  const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 })

  it('are read as they were written, whoever has how many', async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async counts => {
        const documents = counts.map((passages, number) => ({ number, passages }))
        const entry = await write(documents)
        const passages = counts.reduce((sum, own) => sum + own, 0)
        assert.deepEqual([entry.documents, entry.passages ?? counts.length], [counts.length, passages])
        assert.deepEqual(await read(entry), documents)
      }),
      { numRuns: casesOf({ usual: 10, thorough: 100 }) },
    )
  })

  it('are merged with their documents, those of deleted ones left out', async () => {
    const one = await write([
      { number: 0, passages: 3 },
      { number: 1, passages: 1 },
      { number: 2, passages: 2 },
    ])
    const two = await write([
      { number: 3, passages: 1 },
      { number: 4, passages: 4 },
    ])
    manifest = await commitSegments(store, manifest, [one, two])
    manifest = await commitSegments(store, manifest, [], { deletedIds: ['document-0', 'document-3'] })
    const merged = (await mergeSegments(store, manifest, manifest.segments))!
    assert.deepEqual([merged.documents, merged.passages], [3, 7])
    assert.deepEqual(
      (await read(merged)).map(({ number }) => number),
      [1, 2, 4],
    )
  })

  it('are merged with documents of segments in which no text was cut, and are none where no cut text is left', async () => {
    const [whole, cut] = [
      await write([{ number: 0, passages: 1 }]),
      await write([
        { number: 1, passages: 2 },
        { number: 2, passages: 1 },
      ]),
    ]
    assert.deepEqual([whole.passages, cut.passages], [undefined, 3])
    manifest = await commitSegments(store, manifest, [whole, cut])
    const merged = (await mergeSegments(store, manifest, manifest.segments))!
    const all = (await read(merged)).map(({ number, passages }) => [number, passages])
    assert.deepEqual(
      [merged.passages, all],
      [
        4,
        [
          [0, 1],
          [1, 2],
          [2, 1],
        ],
      ],
    )
    const { length } = testDocument('document-0').text
    const table = (await (await openSegment(store, segmentAt(manifest, merged))).loadPassages())!
    assert.deepEqual(passagesOfRow(table, 0), [{ begin: 0, end: length }])
    manifest = await commitSegments(store, manifest, [], { deletedIds: ['document-1'] })
    assert.equal((await mergeSegments(store, manifest, manifest.segments))!.passages, undefined)
  })

  it('give the range sample the first of each document, and are verified', async () => {
    manifest = await commitSegments(store, manifest, [
      await write([
        { number: 1, passages: 3 },
        { number: 2, passages: 2 },
      ]),
    ])
    const sample = await readRangeSample(store, manifest)
    assert.deepEqual(
      [...sample].filter((_, at) => at % testWidth === 1),
      [0, 0],
    )
    assert.deepEqual((await verifyGeneration(store, manifest)).problems, [])
  })

  it('are refused when their file is altered', async () => {
    const entry = await write([{ number: 0, passages: 2 }])
    const folder = `${parent}/indexes/${manifest.index}/generations/1/segments/${entry.digest}`
    const file = join(folder, 'passages.arrow')
    const bytes = await readFile(file)
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(file, bytes)
    const reader = await openSegment(store, segmentAt(manifest, entry))
    await assert.rejects(reader.loadPassages(), { code: 'corrupt_data', message: /passages\.arrow is altered/ })
  })

  it('name the document whose vector is not finite', async () => {
    const segment = { ...newSegmentOf(manifest), shard: 0, documents: 2, passages: 3 }
    const writer = await createSegmentWriter(store, segment)
    const documents = [1, 2].map(passages => ({
      ...testDocument(`document-${passages}`),
      passages: passagesOf({ number: 0, passages }),
    }))
    const vectors = new Float32Array(3 * testWidth)
    vectors[testWidth] = Number.NaN
    await assert.rejects(writer.append(documents, vectors), { code: 'internal', message: /document "document-2"/ })
  })
})
