import assert from 'node:assert/strict'
import type { MetricDeclaration } from '@hypershard/common'
import { RecordingMeter } from '@hypershard/harness'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { SearchPlan, type SearchShardsRequest } from '@hypershard/proto/shard'
import { flopsPerDocument } from '@hypershard/qnet'
import type { Fields, Manifest } from '@hypershard/storage'
import { filterMetrics } from './filtering/metrics.ts'
import { holdingMetrics } from './holding/metrics.ts'
import { shardServerMetrics } from './metrics.ts'
import { scoringMetrics, shardSearchMetrics } from './search/metrics.ts'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import { createTestStore, startTestShardServer, type TestShardServer, testQNet } from './testing/test-shard-server.ts'

const width = 32
const architecture = publishedArchitecture(width, 2)
const documents = 300
const fields: Fields = { name: { type: 'keyword', list: false } }

describe('what a shard server counts', () => {
  let root: Awaited<ReturnType<typeof createTestStore>>
  let meter: RecordingMeter
  let server: TestShardServer
  let manifest: Manifest

  beforeEach(async () => {
    root = await createTestStore()
    meter = new RecordingMeter()
    server = await startTestShardServer(root.root, {}, { meter })
    const empty = await createTestIndex(root.store, { name: 'a', width, shards: 2, fields })
    manifest = await putTestDocuments(root.store, empty, testDocuments(documents, width))
  })

  afterEach(async () => {
    await server.stop()
    await root.remove()
  })

  const search = (request: Partial<SearchShardsRequest> = {}) =>
    server.search(manifest, { qnet: testQNet(architecture), ...request })

  const declared = (name: string): MetricDeclaration => shardServerMetrics.find(metric => metric.name === name)!

  it('is every metric that it declares, and no other', () => {
    const names = (metrics: readonly MetricDeclaration[]) => metrics.map(({ name }) => name).sort()
    assert.deepEqual(names(meter.opened), names(shardServerMetrics))
  })

  it('is each search call once, its shards by the plan really used, and what scoring cost', async () => {
    await search()
    await search({ plan: SearchPlan.SEARCH_PLAN_TANGENT, candidates: 20 })
    await assert.rejects(search({ limit: 0 }), { code: 'invalid_request' })
    await assert.rejects(
      search({ qnet: { ...testQNet(architecture), weights: Buffer.alloc(0), digest: 'f'.repeat(64) } }),
      {
        code: 'query_unknown',
      },
    )
    const outcomes = await meter.by(shardSearchMetrics.searches, 'outcome')
    assert.deepEqual(outcomes, { answered: 2, invalid_request: 1, query_unknown: 1 })
    assert.equal(await meter.countOf(shardSearchMetrics.seconds), 4)
    assert.deepEqual(await meter.by(shardSearchMetrics.shards, 'plan'), { exact: 2, tangent: 2 })
    assert.deepEqual(await meter.by(shardSearchMetrics.shards, 'stop'), { complete: 4 })
    assert.equal(await meter.countOf(shardSearchMetrics.stageSeconds, { stage: 'score' }), 4)
    const scored = await meter.valueOf(scoringMetrics.scored)
    assert.ok(scored >= documents + 20 && scored < 2 * documents, `${scored}`)
    assert.equal(await meter.valueOf(scoringMetrics.scanned), documents)
    assert.equal(await meter.valueOf(scoringMetrics.flops), scored * flopsPerDocument(architecture))
  })

  it('is no search that was made up when shards were loaded', async () => {
    await server.prepare(manifest, [0, 1])
    assert.deepEqual(await meter.by(shardSearchMetrics.searches, 'outcome'), {})
    assert.equal(await meter.valueOf(declared('hypershard_cache_requests_total'), { cache: 'qnets' }), 0)
  })

  it('is which queries, rows of filters and texts it had at hand', async () => {
    const requests = declared('hypershard_cache_requests_total')
    const of = async (cache: string) => [
      await meter.valueOf(requests, { cache, result: 'hit' }),
      await meter.valueOf(requests, { cache, result: 'miss' }),
    ]
    const name = testDocuments(1, width)[0]!.id
    const test = { $case: 'keywords' as const, value: { values: [name] } }
    const filter = { kind: { $case: 'condition' as const, value: { field: 'name', test } } }
    for (let round = 0; round < 3; round++) await search({ filter, documents: 5 })
    assert.deepEqual(await of('qnets'), [2, 1])
    assert.deepEqual(await of('filters'), [4, 2])
    assert.deepEqual(await of('texts'), [2, 1])
    assert.equal(await meter.countOf(filterMetrics.selectSeconds), 2)
    assert.equal(await meter.valueOf(scoringMetrics.fetched), 3)
    assert.ok((await meter.valueOf(declared('hypershard_cache_bytes'), { cache: 'texts' })) > 0)
  })

  it('is what it holds, and each load of a segment once', async () => {
    assert.equal(await meter.valueOf(holdingMetrics.heldBytes), 0)
    await server.prepare(manifest, [0])
    assert.deepEqual(await meter.by(holdingMetrics.loads, 'outcome'), { loaded: 1 })
    await search()
    await search()
    assert.deepEqual(await meter.by(holdingMetrics.loads, 'outcome'), { loaded: 2 })
    assert.deepEqual(await meter.by(holdingMetrics.segments, 'state'), { loaded: 2, loading: 0 })
    const held = await meter.valueOf(holdingMetrics.heldBytes)
    assert.ok(held > documents * 5 * width)
    assert.equal(await meter.valueOf(holdingMetrics.admittedBytes), held)
    assert.equal(await meter.valueOf(holdingMetrics.loadedBytes), held)
    await server.release(manifest, 1)
    assert.equal(await meter.valueOf(holdingMetrics.heldBytes), 0)
  })
})
