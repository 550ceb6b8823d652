import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, silentLogger } from '@hypershard/common'
import { createDirectoryStore, latestManifest, type ObjectStore } from '@hypershard/segments'
import { Catalog, type CatalogEntry } from '../catalog/catalog.ts'
import { Cluster } from '../cluster/cluster.ts'
import { ShardWarmer } from '../cluster/shard-warmer.ts'
import { FakeEncoder } from '../testing/fake-encoder.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import { SegmentSink } from './segment-sink.ts'

const soon = () => Deadline.after(5_000)

async function* documents() {
  for (let at = 0; at < 40; at++) yield { id: `d${at}`, title: '', text: `stars ${at}`, fields: '{}' }
}

describe('SegmentSink', () => {
  let directory: string
  let store: ObjectStore
  let catalog: Catalog
  let server: FakeShardServer
  let sink: SegmentSink
  let index: CatalogEntry

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-sink-'))
    store = await createDirectoryStore(directory)
    catalog = await Catalog.load(store)
    server = new FakeShardServer('s:1', () => store)
    const cluster = new Cluster([{ server, weight: 1 }])
    cluster.members[0]!.markLive()
    const encoder = new FakeEncoder()
    sink = new SegmentSink({ store, encoder, catalog, warmer: new ShardWarmer(cluster, catalog, silentLogger()) })
    const model = { name: 'words', digest: encoder.models[0]!.digest }
    index = await catalog.create({ name: 'papers', shards: 3, replicas: 1, vectorWidth: 16, model }, soon())
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  const write = () => sink.write(index, documents(), soon(), () => undefined)

  it('stores no segment before those of all shards are complete on the disk', async () => {
    const { putFile } = store
    let staged: string[][] | undefined
    store.putFile = async (key, path) => {
      const staging = await store.stagingDirectory()
      const folders = await readdir(staging)
      staged ??= await Promise.all(folders.map(folder => readdir(join(staging, folder))))
      return putFile.call(store, key, path)
    }
    await write()
    assert.deepEqual(
      staged?.map(files => files.includes('segment.json')),
      [true, true, true],
    )
  })

  it('does not commit in the middle of another change of the index', async () => {
    const change = Promise.withResolvers<void>()
    const changing = catalog.alone('papers', soon(), () => change.promise)
    const late = sink.write(index, documents(), Deadline.after(200), () => undefined)
    await assert.rejects(late, { code: 'deadline_exceeded' })
    assert.equal((await latestManifest(store, index.record)).version, 0)
    change.resolve()
    await changing
    assert.equal((await write()).manifestVersion, 1)
  })

  it('publishes what was committed though a defect breaks the loading', async () => {
    server.prepare = async () => {
      throw new TypeError('told to break')
    }
    await assert.rejects(write(), /told to break/)
    assert.equal(catalog.get('papers').manifest.version, 1)
  })
})
