import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SearchPlan, type SearchShardsRequest, type ShardResult } from '@hypershard/proto/shard'
import { type QNetArchitecture, qnetDigest } from '@hypershard/qnet'
import type { Manifest, ObjectStore } from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 16
/** Linear: its tangent is all of it. */
const linear: QNetArchitecture = {
  vectorDimensions: [width, 1],
  activation: 'relu',
  layerNorm: false,
  layerNormBeforeResidual: false,
  residual: false,
  residualOnLast: false,
}
const knobs = [{ recall: 0.95, expansion: 60, candidates: 40 }]
const rows = 40_000

describe('a search by graphs', () => {
  let root: string
  let scratch: string
  let store: ObjectStore
  let removeStore: () => Promise<void>
  let manifest: Manifest
  let server: TestShardServer

  before(async () => {
    ;({ root, store, remove: removeStore } = await createTestStore())
    scratch = await mkdtemp(join(root, 'scratch-'))
    const empty = await createTestIndex(store, { name: 'papers', width, shards: 2 })
    manifest = await putTestDocuments(store, empty, testDocuments(rows, width), knobs)
    // A small segment without a graph beside each.
    const more = testDocuments(rows + 300, width).slice(rows)
    manifest = await putTestDocuments(store, manifest, more)
    server = await startTestShardServer(root, { HYPERSHARD_SHARD_SCRATCH: scratch, HYPERSHARD_SHARD_THREADS: 2 })
  })

  after(async () => {
    await server.stop()
    await removeStore()
    assert.deepEqual(server.deaths, [])
  })

  const search = async (request: Partial<SearchShardsRequest>) =>
    (await server.search(manifest, { qnet: testQNet(linear), ...request })).results

  const found = (results: readonly ShardResult[]) => results.map(({ hits }) => hits)

  it('finds what exact scoring finds, and says what it did', async () => {
    const exact = await search({})
    const graph = await search({ plan: SearchPlan.SEARCH_PLAN_GRAPH, candidates: 50, expansion: 60 })
    assert.deepEqual(found(graph), found(exact))
    for (const [shard, { plan, documentsScored, documentsWalked, documentsScanned }] of graph.entries()) {
      const [large, small] = manifest.segments.filter(entry => entry.shard === shard).map(entry => entry.documents)
      assert.deepEqual([plan, documentsWalked, documentsScanned], [SearchPlan.SEARCH_PLAN_GRAPH, large, small])
      // Two threads have shared the work.
      assert.equal(documentsScored, 50)
    }
    assert.deepEqual(exact.map(({ plan }) => plan).sort(), Array(2).fill(SearchPlan.SEARCH_PLAN_EXACT))
  })

  it('takes the knobs of the segments for a recall, reads the vectors for one that they do not reach, and all is exact', async () => {
    const exact = await search({})
    const auto = { plan: SearchPlan.SEARCH_PLAN_AUTO, recallHits: 10 }
    const enough = await search({ ...auto, recall: 0.95 })
    assert.deepEqual(found(enough), found(exact))
    assert.ok(enough.every(({ documentsWalked }) => documentsWalked > 19_000))
    const more = await search({ ...auto, recall: 0.99 })
    assert.deepEqual(found(more), found(exact))
    for (const { plan, documentsWalked, documentsScanned } of more) {
      assert.deepEqual([plan, documentsWalked], [SearchPlan.SEARCH_PLAN_TANGENT, 0])
      assert.ok(documentsScanned > 19_000)
    }
    const all = await search({ ...auto, recall: 1 })
    assert.deepEqual([found(all), all[0]!.plan], [found(exact), SearchPlan.SEARCH_PLAN_EXACT])
  })

  it('refuses knobs out of their bounds', async () => {
    const graph = { plan: SearchPlan.SEARCH_PLAN_GRAPH, candidates: 5, expansion: 5 }
    const auto = { plan: SearchPlan.SEARCH_PLAN_AUTO, recall: 0.9, recallHits: 5 }
    for (const request of [
      { ...graph, expansion: 0 },
      { ...graph, expansion: 4_097 },
      { ...graph, candidates: 0 },
      { ...auto, recall: 1.1 },
      { ...auto, recall: Number.NaN },
      { ...auto, recallHits: 0 },
    ]) {
      await assert.rejects(search(request), { code: 'invalid_request' })
    }
  })

  it('refuses weights that are not finite, whatever the plan', async () => {
    const good = testQNet(linear)
    const weights = Buffer.from(good.weights)
    weights.writeFloatLE(Number.NaN, 4)
    const qnet = { ...good, weights, digest: qnetDigest(linear, 'f32', weights) }
    for (const plan of [
      {},
      { plan: SearchPlan.SEARCH_PLAN_TANGENT, candidates: 50 },
      { plan: SearchPlan.SEARCH_PLAN_GRAPH, candidates: 50, expansion: 60 },
    ]) {
      await assert.rejects(search({ qnet, ...plan }), { code: 'invalid_request', message: /matrix 0 has a NaN/ })
    }
  })

  it("leaves no copy of a graph behind, neither its own nor a killed server's", async () => {
    assert.deepEqual(await readdir(scratch), [])
    const old = join(scratch, 'hypershard-copy-old')
    await writeFile(old, 'x')
    await utimes(old, 0, 0)
    await writeFile(join(scratch, 'hypershard-copy-new'), 'x')
    await writeFile(join(scratch, 'of-another'), 'x')
    await utimes(join(scratch, 'of-another'), 0, 0)
    const other = await startTestShardServer(root, { HYPERSHARD_SHARD_SCRATCH: scratch })
    await other.stop()
    assert.deepEqual((await readdir(scratch)).sort(), ['hypershard-copy-new', 'of-another'])
    await rm(join(scratch, 'hypershard-copy-new'))
    await rm(join(scratch, 'of-another'))
  })
})
