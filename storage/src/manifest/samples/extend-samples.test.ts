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

    it('is larger, of the same order, however many shards there are', async () => {
      const all = ids(0, 700)
      for (const shards of [1, 8]) {
        const manifest = await put(await newIndex(`s${shards}`, shards, withWords), all)
        assert.deepEqual(await scaleSampleIds(manifest), bySmallestHash(all).slice(0, scaleSampleRowsMax))
        assert.deepEqual(await sampleIds(manifest), bySmallestHash(all).slice(0, rangeSampleRowsMax))
      }
    })

    it('grows when the range sample is full, and then stays as it is', async () => {
      const first = await put(await newIndex('a', 2, withWords), ids(0, 100))
      const second = await put(first, ids(100, 600))
      assert.deepEqual(second.calibration, first.calibration)
      const grown = [
        ...bySmallestHash(ids(0, 100)),
        ...bySmallestHash(ids(100, 600)).slice(0, scaleSampleRowsMax - 100),
      ]
      assert.deepEqual(await scaleSampleIds(second), grown)
      const third = await put(second, ids(600, 700))
      assert.deepEqual(third.scaleSample, second.scaleSample)
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
