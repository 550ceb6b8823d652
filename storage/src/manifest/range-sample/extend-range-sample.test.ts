import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstGeneration } from '../../catalog/generation/generation-record.ts'
import { createIndex } from '../../catalog/index/index-record.ts'
import { createSegmentWriter } from '../../segment/segment-writer.ts'
import { shardOf } from '../../shard-of.ts'
import { createDirectoryStore } from '../../store/directory-store.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { commitSegments } from '../commit/commit-segments.ts'
import type { Manifest } from '../manifest.ts'
import { latestManifest } from '../manifest-store.ts'
import { rangeSampleRowsMax } from './extend-range-sample.ts'
import { readRangeSample } from './range-sample-file.ts'

const vectorWidth = 3
const model = { name: 'test', digest: 'ab'.repeat(32) }

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

  async function newIndex(name: string, shards: number): Promise<Manifest> {
    return latestManifest(
      store,
      firstGeneration(await createIndex(store, { name, model, vectorWidth, shards, replicas: 1 })),
    )
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

  async function sampleIds(manifest: Manifest): Promise<string[]> {
    const vectors = await readRangeSample(store, manifest)
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
