import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import type { SearchShardsRequest } from '@hypershard/proto/shard'
import {
  commitSegments,
  createSegmentWriter,
  firstGeneration,
  latestManifest,
  type Manifest,
  type ObjectStore,
  readIndex,
} from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 32

describe('a shard server and the texts of hits', () => {
  let store: ObjectStore
  let removeStore: () => Promise<void>
  let server: TestShardServer

  before(async () => {
    const made = await createTestStore()
    store = made.store
    removeStore = made.remove
    server = await startTestShardServer(made.root)
  })

  after(async () => {
    await server.stop()
    await removeStore()
    assert.deepEqual(server.deaths, [])
  })

  const search = (manifest: Manifest, request: Partial<SearchShardsRequest>) =>
    server.search(manifest, { qnet: testQNet(publishedArchitecture(width, 2)), ...request })

  const textsOf = (id: string) => {
    return { id, title: `title of ${id}`, text: `text of ${id}`, fieldsJson: `{"name":"${id}"}` }
  }

  it('gives the best hits of a call their texts at once when it is asked to, and no other', async () => {
    const index = await createTestIndex(store, { name: 'few', width, shards: 3 })
    const manifest = await putTestDocuments(store, index, testDocuments(300, width))
    const { results } = await search(manifest, { documents: 7 })
    const best = results
      .flatMap(({ hits }) => hits)
      .sort(compareRank)
      .slice(0, 7)
    assert.deepEqual(
      best.map(({ document }) => document),
      best.map(({ id }) => textsOf(id)),
    )
    assert.equal(results.flatMap(({ hits }) => hits).filter(({ document }) => document !== undefined).length, 7)
  })

  it('refuses more texts than one answer can hold', async () => {
    const text = 'x'.repeat(1_000_000)
    const { index, generation, modelDigest } = await createTestIndex(store, { name: 'long', width, shards: 1 })
    const segment = { index, generation, shard: 0, vectorWidth: width, modelDigest, documents: 70 }
    const writer = await createSegmentWriter(store, segment)
    for (let row = 0; row < 70; row++) {
      await writer.append([{ id: `${row}`, title: '', text, fields: '{}', version: 1 }], new Float32Array(width))
    }
    const empty = await latestManifest(store, firstGeneration(await readIndex(store, 'long')))
    const manifest = await commitSegments(store, empty, [await writer.finish()])
    const addresses = Array.from({ length: 70 }, (_, row) => ({ segment: 0, row }))
    await assert.rejects(server.fetch(manifest, addresses), { code: 'request_too_large' })
    assert.equal((await server.fetch(manifest, addresses.slice(0, 50))).documents.length, 50)
    const hitsWith = async (documents: number) => {
      const { results } = await search(manifest, { limit: 70, documents })
      return [results[0]!.hits.length, results[0]!.hits.filter(({ document }) => document !== undefined).length]
    }
    assert.deepEqual(
      [await hitsWith(20), await hitsWith(70)],
      [
        [70, 20],
        [70, 0],
      ],
    )
  })
})
