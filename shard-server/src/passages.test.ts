import assert from 'node:assert/strict'
import { pseudoRandomTensor, publishedArchitecture } from '@hypershard/harness/qnets'
import { type Filter, ScoringPrecision, SearchPlan, type SearchShardsRequest } from '@hypershard/proto/shard'
import { type Manifest, shardOf } from '@hypershard/storage'
import { createTestIndex, putTestDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 16
const documents = 600

/** Over gRPC, with real threads and files. */
describe('a shard server with documents of several passages', () => {
  let store: Awaited<ReturnType<typeof createTestStore>>
  let manifest: Manifest
  const servers: TestShardServer[] = []

  before(async () => {
    store = await createTestStore()
    const empty = await createTestIndex(store.store, { name: 'cut', width, shards: 2, passages: { overlap: 0 } })
    const cut = Array.from({ length: documents }, (_, number) => ({
      id: `document-${number}`,
      vector: new Float32Array(width),
      vectors: Array.from({ length: 1 + (number % 4) }, (_, at) => pseudoRandomTensor(10 * number + at, width, 1)),
    }))
    manifest = await putTestDocuments(store.store, empty, cut)
    for (const threads of [1, 2]) {
      const vectors = threads === 1 ? ('memory' as const) : ('disk' as const)
      const settings = { HYPERSHARD_SHARD_THREADS: threads, HYPERSHARD_SHARD_VECTORS: vectors }
      servers.push(await startTestShardServer(store.root, settings))
    }
  })

  after(async () => {
    for (const server of servers) await server.stop()
    await store.remove()
  })

  const search = async (server: TestShardServer, change: Partial<SearchShardsRequest> = {}) => {
    const qnet = testQNet(publishedArchitecture(width, 2))
    const { results } = await server.search(manifest, { qnet, limit: 10, ...change })
    return results.map(({ hits, documentsScored, documentsMatched }) => ({ hits, documentsScored, documentsMatched }))
  }

  it('counts documents, and tells of each hit the part that scored best, by any thread and from the disk alike', async () => {
    const [one, two] = [await search(servers[0]!), await search(servers[1]!)]
    assert.deepEqual(two, one)
    const counts = one.reduce((sum, { documentsScored }) => sum + documentsScored, 0)
    assert.deepEqual([counts, one.reduce((sum, own) => sum + own.documentsMatched, 0)], [documents, documents])
    for (const { id, passage } of one.flatMap(({ hits }) => hits)) {
      const last = Number(id.split('-')[1]) % 4
      // Of one that was not cut none is told.
      if (last === 0) assert.equal(passage, undefined)
      else assert(passage !== undefined && passage.end === passage.begin + 10 && passage.begin <= 10 * last, id)
    }
    assert(one.flatMap(({ hits }) => hits).some(({ passage }) => (passage?.begin ?? 0) > 0))
  })

  it('gives every hit of a tangent the score and the passage that it has exactly', async () => {
    const exact = (await search(servers[0]!, { limit: 500 })).flatMap(({ hits }) => hits)
    const byId = new Map(exact.map(hit => [hit.id, hit]))
    for (const server of servers) {
      const plan = { plan: SearchPlan.SEARCH_PLAN_TANGENT, candidates: 50 }
      const found = (await search(server, plan)).flatMap(({ hits }) => hits)
      assert.equal(found.length, 20)
      for (const hit of found) assert.deepEqual(hit, byId.get(hit.id))
    }
  })

  it('finds a document by its id, with its vector where it has one alone', async () => {
    for (const number of [0, 4, 7, 599]) {
      const id = `document-${number}`
      const wanted = { id, shard: shardOf(id, 2), withVector: true }
      const found = await servers[0]!.find(manifest, wanted)
      assert.deepEqual(found!.document, {
        id,
        title: `title of ${id}`,
        text: `text of ${id}`,
        fieldsJson: `{"name":"${id}"}`,
      })
      const vector = Buffer.from(pseudoRandomTensor(10 * number, width, 1).buffer)
      assert.deepEqual(found!.vector, number % 4 === 0 ? vector : Buffer.alloc(0))
      assert.deepEqual((await servers[0]!.find(manifest, { ...wanted, withVector: false }))!.vector, Buffer.alloc(0))
      const [fetched] = (await servers[1]!.fetch(manifest, [found!.address!])).documents
      assert.deepEqual(fetched, found!.document)
    }
    for (const id of ['document-600', 'document-', 'other']) {
      assert.equal(await servers[0]!.find(manifest, { id, shard: shardOf(id, 2), withVector: true }), undefined)
    }
  })

  it('scores a document by itself as it does among others', async () => {
    const all = (await search(servers[0]!, { limit: 600 })).flatMap(({ hits }) => hits)
    for (const hit of [all[0]!, all.at(-1)!]) {
      const filter: Filter = { kind: { $case: 'ids', value: { values: [hit.id] } } }
      assert.deepEqual(
        (await search(servers[1]!, { filter })).flatMap(({ hits }) => hits),
        [hit],
      )
    }
  })

  it('counts the documents before a place, however many threads and plans there are', async () => {
    const all = (await search(servers[0]!, { limit: 600, shards: [1] })).flatMap(({ hits }) => hits)
    const qnet = testQNet(publishedArchitecture(width, 2))
    for (const at of [0, 7, all.length - 1]) {
      const { id, score } = all[at]!
      const plan = { plan: SearchPlan.SEARCH_PLAN_TANGENT, candidates: documents }
      for (const server of servers) {
        for (const how of [{}, plan]) {
          const request = { qnet, shards: [1], limit: 1, after: { id, score, inclusive: true }, ...how }
          const [result] = (await server.search(manifest, request)).results
          assert.deepEqual([result!.documentsBefore, result!.hits[0]!.id], [at, id])
        }
      }
      const after = { id, score, inclusive: false }
      const [next] = (await servers[0]!.search(manifest, { qnet, shards: [1], limit: 1, after })).results
      assert.deepEqual([next!.documentsBefore, next!.hits[0]?.id], [undefined, all[at + 1]?.id])
    }
  })

  it('scores in int8 too', async () => {
    const int8 = { precision: ScoringPrecision.SCORING_PRECISION_INT8 }
    assert.deepEqual(await search(servers[0]!, int8), await search(servers[1]!, int8))
  })
})
