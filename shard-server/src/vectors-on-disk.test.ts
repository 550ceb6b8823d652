import assert from 'node:assert/strict'
import { mkdtemp, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { SearchPlan, type SearchShardsRequest } from '@hypershard/proto/shard'
import { type Fields, type Manifest, type ObjectStore, openSegment } from '@hypershard/storage'
import { boundOfHeldBytes } from './holding/held-bytes.ts'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 16
const rows = 5_000
const qnet = testQNet(publishedArchitecture(width, 2))
const knobs = [{ recall: 0.95, expansion: 60, candidates: 40 }]
const fields: Fields = { name: { type: 'keyword', list: false } }

/** Files of a folder that this process has open, removed ones too. */
async function openFilesIn(folder: string): Promise<string[]> {
  const files = await readdir('/proc/self/fd')
  const paths = await Promise.all(files.map(file => readlink(join('/proc/self/fd', file)).catch(() => '')))
  return paths.filter(path => path.startsWith(folder))
}

describe('a shard server that holds vectors on disk', () => {
  let root: string
  let scratch: string
  let store: ObjectStore
  let removeStore: () => Promise<void>
  let manifest: Manifest
  let memory: TestShardServer
  let disk: TestShardServer

  before(async () => {
    ;({ root, store, remove: removeStore } = await createTestStore())
    scratch = await mkdtemp(join(root, 'scratch-'))
    const empty = await createTestIndex(store, { name: 'papers', width, shards: 1, fields })
    manifest = await putTestDocuments(store, empty, testDocuments(rows, width), knobs)
    // Replaces some, in a segment without a graph.
    manifest = await putTestDocuments(store, manifest, testDocuments(rows + 300, width).slice(rows - 300))
    memory = await startTestShardServer(root)
    disk = await startTestShardServer(root, {
      HYPERSHARD_SHARD_VECTORS: 'disk',
      HYPERSHARD_SHARD_SCRATCH: scratch,
    })
  })

  after(async () => {
    await memory.stop()
    await disk.stop()
    await removeStore()
    assert.deepEqual([...memory.deaths, ...disk.deaths], [])
  })

  async function expectSame(request: Partial<SearchShardsRequest>): Promise<void> {
    const asked = { qnet, ...request }
    const [inMemory] = (await memory.search(manifest, asked)).results
    const [onDisk] = (await disk.search(manifest, asked)).results
    assert.equal(onDisk!.error, undefined)
    assert.equal(onDisk!.hits.length, 10)
    assert.deepEqual(onDisk!.hits, inMemory!.hits)
  }

  it('answers as one that holds them in memory, in every plan', async () => {
    await expectSame({})
    await expectSame({ plan: SearchPlan.SEARCH_PLAN_TANGENT, candidates: 2_000 })
    await expectSame({ plan: SearchPlan.SEARCH_PLAN_GRAPH, candidates: 200, expansion: 200 })
    await expectSame({ plan: SearchPlan.SEARCH_PLAN_AUTO, recall: 0.999, recallHits: 10 })
  })

  it('reads single rows where a filter leaves few', async () => {
    const values = testDocuments(rows, width)
      .map(({ id }) => id)
      .filter((_, row) => row % 97 === 0)
    const test = { $case: 'keywords', value: { values } } as const
    await expectSame({ filter: { kind: { $case: 'condition', value: { field: 'name', test } } } })
  })

  it('keeps nothing in the folder, and a file open only while it holds the segment', async () => {
    const empty = await createTestIndex(store, { name: 'notes', width, shards: 2 })
    const notes = await putTestDocuments(store, empty, testDocuments(100, width))
    const opened = async () => {
      for (const { error } of (await disk.search(notes, { qnet })).results) assert.equal(error, undefined)
      return openFilesIn(scratch)
    }
    const before = await openFilesIn(scratch)
    assert.equal((await opened()).length, before.length + 2)
    await disk.release(notes, 1)
    // Its thread lets go of them before it is given them again.
    assert.equal((await opened()).length, before.length + 2)
    assert.deepEqual(await readdir(scratch), [])
  })

  it('needs no memory for f32, and one that has not enough for it says so', async () => {
    let bytes = 0
    for (const { digest } of manifest.segments) {
      const reader = await openSegment(store, { index: 'papers', generation: 1, digest })
      bytes += boundOfHeldBytes(reader, fields, 'disk')
    }
    const settings = { HYPERSHARD_SHARD_MEMORY_BYTES: bytes }
    const refusing = await startTestShardServer(root, settings)
    const { error } = (await refusing.search(manifest, { qnet })).results[0]!
    assert.equal(error?.code, 'overloaded')
    assert.match(
      error!.message,
      /set HYPERSHARD_SHARD_VECTORS to disk, add shard servers or raise HYPERSHARD_SHARD_MEM/,
    )
    await refusing.stop()
    const onDisk = await startTestShardServer(root, { ...settings, HYPERSHARD_SHARD_VECTORS: 'disk' })
    assert.equal((await onDisk.search(manifest, { qnet })).results[0]!.error, undefined)
    await onDisk.stop()
  })
})
