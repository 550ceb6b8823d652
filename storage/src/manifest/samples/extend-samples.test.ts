import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstGeneration } from '../../catalog/generation/generation-record.ts'
import { createIndex, type NewIndex } from '../../catalog/index/index-record.ts'
import { createSegmentWriter } from '../../segment/segment-writer.ts'
import { shardOf } from '../../shard-of.ts'
import { createDirectoryStore } from '../../store/directory-store.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { commitSegments } from '../commit/commit-segments.ts'
import type { Manifest } from '../manifest.ts'
import { borrowFiles, filesOf } from '../manifest-files.ts'
import { latestManifest } from '../manifest-store.ts'
import { rangeSampleRowsMax, scaleSampleRowsMax } from './extend-samples.ts'
import { readRangeSample, readScaleSample } from './sample-files.ts'

const vectorWidth = 3
const model = { name: 'test', digest: 'ab'.repeat(32) }

type Settings = Partial<Pick<NewIndex, 'lexical'>>

/** A vector that tells which document it is of. */
const vectorOf = (id: string) => [Number(id), 1, 2]

describe('the range sample', () => {
  let root: string
  let store: ObjectStore

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'hypershard-range-sample-'))
    store = await createDirectoryStore(root)
  })
  afterEach(() => rm(root, { recursive: true }))

  async function newIndex(name: string, shards: number, settings: Settings = {}): Promise<Manifest> {
    const index = { name, model, vectorWidth, shards, replicas: 1, ...settings }
    return latestManifest(store, firstGeneration(await createIndex(store, index)))
  }

  async function put(manifest: Manifest, ids: readonly string[]): Promise<Manifest> {
    const added = []
    for (const [shard, own] of Map.groupBy(ids, id => shardOf(id, manifest.shards))) {
      const { index, generation } = manifest
      const segment = { index, generation, shard, vectorWidth, modelDigest: model.digest, documents: own.length }
      const writer = await createSegmentWriter(store, segment)
      const documents = own.map(id => ({ id, title: '', text: id, fields: '{}', version: 1 }))
      await writer.append(documents, Float32Array.from(own.flatMap(vectorOf)))
      added.push(await writer.finish())
    }
    return commitSegments(store, manifest, added)
  }

  const sampleIds = async (manifest: Manifest) => idsOf(await readRangeSample(store, manifest))
  const scaleSampleIds = async (manifest: Manifest) => idsOf(await readScaleSample(store, manifest))

  function idsOf(vectors: Float32Array): string[] {
    return Array.from({ length: vectors.length / vectorWidth }, (_, row) => String(vectors[row * vectorWidth]))
  }

  const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index))
  const bySmallestHash = (names: string[]) =>
    names.toSorted((a, b) => (hash('sha256', a, 'hex') < hash('sha256', b, 'hex') ? -1 : 1))

  it('is empty before anything was put', async () => {
    assert.equal((await readRangeSample(store, await newIndex('a', 2))).length, 0)
  })

  it('is the documents with the smallest hashes, however many shards they are spread over', async () => {
    const all = ids(0, 300)
    const expected = bySmallestHash(all).slice(0, rangeSampleRowsMax)
    for (const shards of [1, 2, 8]) {
      assert.deepEqual(await sampleIds(await put(await newIndex(`s${shards}`, shards), all)), expected)
    }
  })

  it('grows until it is full and then stays as it is', async () => {
    const first = await put(await newIndex('a', 2), ids(0, 40))
    assert.deepEqual(await sampleIds(first), bySmallestHash(ids(0, 40)))
    const second = await put(first, ids(40, 200))
    const grown = [...(await sampleIds(first)), ...bySmallestHash(ids(40, 200)).slice(0, rangeSampleRowsMax - 40)]
    assert.deepEqual(await sampleIds(second), grown)
    const third = await put(second, ids(200, 400))
    assert.deepEqual(third.calibration, second.calibration)
  })

  describe('and the scale sample', () => {
    const withWords: Settings = { lexical: { analyzer: 'simple' } }

    it('is larger, and the same however many shards documents are spread over', async () => {
      const [one, eight] = await Promise.all(
        [1, 8].map(async shards => {
          let manifest = await newIndex(`s${shards}`, shards, withWords)
          const drawn = []
          for (const [from, to] of [
            [0, 700],
            [700, 720],
            [600, 1500],
          ] as const) {
            manifest = await put(manifest, ids(from, to))
            drawn.push(await scaleSampleIds(manifest))
          }
          return drawn
        }),
      )
      assert.equal(one![0]!.length, scaleSampleRowsMax)
      assert.deepEqual(eight, one)
    })

    it('has all documents until it is full', async () => {
      const first = await put(await newIndex('a', 2, withWords), ids(0, 100))
      const second = await put(first, ids(100, scaleSampleRowsMax))
      assert.deepEqual(new Set(await scaleSampleIds(second)), new Set(ids(0, scaleSampleRowsMax)))
    })

    it('grows when the range sample is full, which then stays as it is', async () => {
      const first = await put(await newIndex('a', 2, withWords), ids(0, 100))
      const second = await put(first, ids(100, 600))
      assert.deepEqual(second.calibration, first.calibration)
      assert.equal(second.scaleSample!.documents, scaleSampleRowsMax)
    })

    it('is a fair draw of all documents, whatever order they came in and however large the commits', async () => {
      const commits = [300, 400, 10, 2000, 1, 1, 800, 3000, 500]
      let [manifest, from] = [await newIndex('a', 2, withWords), 0]
      for (const size of commits) {
        manifest = await put(manifest, ids(from, from + size))
        from += size
      }
      const drawn = (await scaleSampleIds(manifest)).map(Number)
      assert.equal(new Set(drawn).size, scaleSampleRowsMax)
      // Of each stretch of documents about its share; 4 standard deviations of the hypergeometric distribution.
      for (let start = 0; start < from; start += from / 4) {
        const count = drawn.filter(id => id >= start && id < start + from / 4).length
        assert.ok(
          Math.abs(count - scaleSampleRowsMax / 4) < 4 * Math.sqrt(scaleSampleRowsMax * 0.25 * 0.75),
          `${count}`,
        )
      }
    })

    it('is not written again for a few documents among many, but for some of their commits', async () => {
      let manifest = await put(await newIndex('a', 1, withWords), ids(0, 2000))
      const files = new Set<string>()
      for (let id = 2000; id < 2024; id++) {
        // As a log that is read on: chance follows from the place in it.
        manifest = await put({ ...manifest, log: { sequence: id, parts: 0 } }, [String(id)])
        files.add(manifest.scaleSample!.digest)
      }
      // A quarter of 24 commits, 6, give or take four standard deviations.
      assert.ok(files.size > 1 && files.size < 15, `${files.size} files`)
    })

    it('does not draw the same documents again when all are written again', async () => {
      const first = await put(await newIndex('a', 1, withWords), ids(0, 2000))
      const again = await put({ ...first, log: { sequence: 9, parts: 0 } }, ids(0, 2000))
      const [before, after] = [await scaleSampleIds(first), await scaleSampleIds(again)]
      assert.equal(new Set(after).size, scaleSampleRowsMax)
      assert.ok(after.filter(id => before.includes(id)).length < scaleSampleRowsMax / 2)
    })

    it('is not begun where versions before can read the manifest, nor after the first commit: the range sample serves', async () => {
      const plain = await put(await newIndex('a', 2), ids(0, 300))
      assert.equal(plain.scaleSample, undefined)
      assert.deepEqual(await scaleSampleIds(plain), await sampleIds(plain))
      const { scaleSample: _, ...older } = await put(await newIndex('b', 2, withWords), ids(0, 100))
      assert.equal((await put(older, ids(100, 600))).scaleSample, undefined)
    })

    it('is named among the files of a manifest, and read where a clone finds it', async () => {
      const manifest = await put(await newIndex('a', 1, withWords), ids(0, 300))
      const { digest } = manifest.scaleSample!
      assert.ok(filesOf(manifest).some(({ file }) => file === `calibration/${digest}`))
      const clone: Manifest = { ...manifest, index: 'b', ...borrowFiles(manifest) }
      assert.deepEqual(await scaleSampleIds(clone), await scaleSampleIds(manifest))
    })
  })

  it('is refused when a byte of its file was altered, by name', async () => {
    const manifest = await put(await newIndex('a', 1), ids(0, 10))
    const folder = join(root, 'indexes/a/generations/1/calibration')
    const [name] = await readdir(folder)
    const file = await readFile(join(folder, name!))
    for (const at of [0, 20, file.length - 1]) {
      const altered = Buffer.from(file)
      altered[at]! ^= 1
      await writeFile(join(folder, name!), altered)
      await assert.rejects(readRangeSample(store, manifest), { code: 'corrupt_data', message: new RegExp(name!) })
    }
  })
})
