import assert from 'node:assert/strict'
import { HypershardError, type RunningService } from '@hypershard/common'
import { eventually, RecordingMeter, wordOfNaN } from '@hypershard/harness'
import { indexerMetrics } from '@hypershard/indexer/metrics'
import fc from 'fast-check'
import { coordinatorMetrics } from './metrics.ts'
import { fanOutMetrics, searchMetrics } from './search/metrics.ts'
import {
  post,
  put,
  request,
  startTestCoordinator,
  startTestIndexer,
  type TestCoordinator,
} from './testing/test-coordinator.ts'
import { httpMetrics } from './transport/http/metrics.ts'
import { writeMetrics } from './writing/metrics.ts'

const named = (metrics: readonly { name: string }[]) => metrics.map(({ name }) => name).sort()
const metricNamed = (name: string) => [...coordinatorMetrics, ...indexerMetrics].find(metric => metric.name === name)!

describe('what a coordinator and an indexer count', () => {
  let meter: RecordingMeter
  let ofIndexer: RecordingMeter
  let coordinator: TestCoordinator
  let indexer: RunningService
  let index: string

  beforeEach(async () => {
    meter = new RecordingMeter()
    ofIndexer = new RecordingMeter()
    const environment = {
      HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '10000000',
      HYPERSHARD_SEARCH_IN_FLIGHT_MAX: '1',
      HYPERSHARD_SEARCH_WAITING_MAX: '0',
    }
    coordinator = await startTestCoordinator({ meter, indexer: false, environment })
    indexer = await startTestIndexer(coordinator.storeDirectory, coordinator.encoder, {
      settings: { HYPERSHARD_COORDINATORS: coordinator.grpcAddress },
      meter: ofIndexer,
    })
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2 })
    index = `${coordinator.url}/v1/indexes/papers`
    const documents = Array.from({ length: 20 }, (_, at) => ({ id: `d${at}`, text: `word${at} star` }))
    assert.equal((await put(`${index}/documents`, documents)).json.searchable, true)
  })

  afterEach(async () => {
    for (const server of coordinator.servers) server.hanging = false
    await indexer.stop()
    await coordinator.stop()
  })

  const search = (body: object, init: RequestInit = {}) =>
    request(`${index}/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...init,
    })

  const failShard = (failing: boolean) => {
    for (const { failingShards } of coordinator.servers) failing ? failingShards.add(0) : failingShards.clear()
  }

  let queries = 0
  const fresh = () => ({ query: `star ${queries++}`, cache: false })

  /** What is asked, and the outcomes that it comes to. */
  const scenarios: Readonly<Record<string, () => Promise<readonly string[]>>> = {
    complete: async () => {
      assert.equal((await search(fresh())).json.hits.length, 10)
      return ['complete']
    },
    kept: async () => {
      const asked = { query: `star ${queries++}` }
      await search(asked)
      assert.equal((await search(asked)).json.cached, true)
      return ['complete', 'complete']
    },
    partial: async () => {
      failShard(true)
      const { json } = await search({ ...fresh(), min_coverage: 0.1 })
      failShard(false)
      assert.equal(json.coverage.missing.length, 1)
      return ['partial']
    },
    insufficient: async () => {
      failShard(true)
      const { json } = await search(fresh())
      failShard(false)
      return [json.code]
    },
    noIndex: async () => {
      const { json } = await post(`${coordinator.url}/v1/indexes/none/search`, fresh())
      return [json.code]
    },
    noEncoder: async () => {
      coordinator.encoder.failure = new HypershardError('unavailable', 'told to fail')
      const { json } = await search(fresh())
      coordinator.encoder.failure = undefined
      return [json.code]
    },
    refused: async () => {
      const hold = Promise.withResolvers<void>()
      const asked = coordinator.encoder.queriesEncoded
      coordinator.encoder.beforeQuery = () => hold.promise
      const first = search(fresh())
      await eventually(() => coordinator.encoder.queriesEncoded > asked)
      const { json } = await search(fresh())
      hold.resolve()
      coordinator.encoder.beforeQuery = async () => undefined
      await first
      return [json.code, 'complete']
    },
    left: async () => {
      const leave = new AbortController()
      const asked = coordinator.encoder.queriesEncoded
      const before = await meter.valueOf(searchMetrics.searches)
      coordinator.encoder.beforeQuery = () => new Promise(() => undefined)
      const leaving = search(fresh(), { signal: leave.signal }).catch(() => undefined)
      await eventually(() => coordinator.encoder.queriesEncoded > asked)
      leave.abort()
      await leaving
      await eventually(async () => (await meter.valueOf(searchMetrics.searches)) > before)
      coordinator.encoder.beforeQuery = async () => undefined
      return ['cancelled']
    },
  }

  it('is every metric that they declare, and no other', () => {
    assert.deepEqual(named(meter.opened), named(coordinatorMetrics))
    assert.deepEqual(named(ofIndexer.opened), named(indexerMetrics))
  })

  it('is each search once by how it ended, whatever comes in whatever order', async () => {
    const names = fc.array(fc.constantFrom(...Object.keys(scenarios)), { minLength: 1, maxLength: 4 })
    const expected: Record<string, number> = {}
    const all = [Object.keys(scenarios), ...fc.sample(names, { numRuns: 5, seed: 1 })]
    for (const name of all.flat()) {
      for (const outcome of await scenarios[name]!()) expected[outcome] = (expected[outcome] ?? 0) + 1
      assert.deepEqual(await meter.by(searchMetrics.searches, 'outcome'), sorted(expected), `after ${name}`)
    }
    const asked = Object.values(expected).reduce((sum, count) => sum + count, 0)
    assert.ok(['insufficient_coverage', 'index_not_found', 'unavailable', 'overloaded'].every(code => code in expected))
    assert.equal(await meter.countOf(searchMetrics.seconds), asked)
    const failed = asked - expected.complete! - expected.partial!
    assert.equal(await meter.countOf(searchMetrics.seconds, { result: 'failed' }), failed)
    assert.equal(await meter.countOf(searchMetrics.seconds, { result: 'complete' }), expected.complete)
    const route = '/v1/indexes/{index}/search'
    await eventually(async () => (await meter.countOf(httpMetrics.requestSeconds, { route })) === asked)
    assert.equal(await meter.countOf(httpMetrics.requestSeconds, { route, status: 'gone' }), expected.cancelled)
    const answered = expected.complete! + expected.partial!
    assert.equal(await meter.countOf(httpMetrics.requestSeconds, { route, status: '2xx' }), answered)
    // Refused at the door alone are those for which there was no place.
    assert.equal(await meter.countOf(searchMetrics.stageSeconds, { stage: 'wait' }), asked - expected.overloaded!)
    const kept = await meter.valueOf(metricNamed('hypershard_cache_requests_total'), {
      cache: 'answers',
      result: 'hit',
    })
    const merged = answered - kept
    assert.equal(await meter.countOf(searchMetrics.stageSeconds, { stage: 'merge' }), merged)
    const fannedOut = merged + expected.insufficient_coverage!
    assert.equal(await meter.countOf(searchMetrics.stageSeconds, { stage: 'fan_out' }), fannedOut)
    const shards = expected.partial! + expected.insufficient_coverage!
    assert.deepEqual(await meter.by(searchMetrics.missingShards, 'code'), { corrupt_data: shards })
    assert.equal(await meter.valueOf(searchMetrics.eligible), 20 * fannedOut)
    const calls = coordinator.servers.reduce((sum, server) => sum + server.searches.length, 0)
    assert.equal(await meter.countOf(fanOutMetrics.callSeconds), calls)
    const retries = await meter.countOf(fanOutMetrics.callSeconds, { reason: 'retry' })
    assert.equal(await meter.valueOf(fanOutMetrics.retries), retries)
  })

  it('is each plan by its name, and scores that are not finite', async () => {
    const plans = ['auto', 'exact', 'tangent', 'graph'] as const
    for (const plan of plans) await search({ ...fresh(), plan })
    assert.deepEqual(
      await meter.by(searchMetrics.searches, 'plan'),
      sorted({ auto: 1, exact: 1, tangent: 1, graph: 1 }),
    )
    assert.equal(await meter.valueOf(searchMetrics.nonFinite), 0)
    await search({ query: wordOfNaN, cache: false })
    assert.equal(await meter.valueOf(searchMetrics.nonFinite), 20)
    assert.equal(await meter.valueOf(searchMetrics.scored), 100)
  })

  it('is what caches had and had not', async () => {
    const qnets = (result: string) =>
      meter.valueOf(metricNamed('hypershard_cache_requests_total'), { cache: 'qnets', result })
    await search({ query: 'star', cache: false })
    await search({ query: 'star', cache: false })
    await search({ query: 'moon', cache: false })
    assert.deepEqual([await qnets('hit'), await qnets('miss')], [1, coordinator.encoder.queriesEncoded])
    assert.ok((await meter.valueOf(metricNamed('hypershard_cache_bytes'), { cache: 'qnets' })) > 1_000)
  })

  it('is each write once, and its documents by what became of them', async () => {
    const good = { id: 'a', text: 'a' }
    const headers = { 'idempotency-key': 'once' }
    await put(`${index}/documents?wait_for=durable`, [good, { id: 'b' }], headers)
    await put(`${index}/documents?wait_for=durable`, [good, { id: 'b' }], headers)
    await put(`${index}/documents?wait_for=durable`, [{ id: 'b' }])
    await put(`${index}/documents?wait_for=durable`, [{ id: 'other', text: 'b' }], headers)
    const expected = { written: 2, repeated: 1, empty: 1, idempotency_mismatch: 1 }
    assert.deepEqual(await meter.by(writeMetrics.writes, 'outcome'), sorted(expected))
    assert.deepEqual(await meter.by(writeMetrics.documents, 'result'), { accepted: 21, refused: 2 })
    assert.equal(await meter.countOf(writeMetrics.stageSeconds, { stage: 'append' }), 4)
    assert.equal(await meter.countOf(writeMetrics.stageSeconds, { stage: 'searchable' }), 1)
  })

  it('is what an indexer made searchable, in how many commits', async () => {
    const indexed = metricNamed('hypershard_indexed_documents_total')
    await eventually(async () => (await ofIndexer.valueOf(indexed)) === 20)
    const { documents, manifest_version } = (await request(index)).json
    assert.equal(documents, 20)
    const commits = metricNamed('hypershard_commits_total')
    assert.equal(await ofIndexer.valueOf(commits), manifest_version)
    assert.equal(await ofIndexer.countOf(metricNamed('hypershard_commit_seconds')), manifest_version)
    const jobs = await ofIndexer.by(metricNamed('hypershard_jobs_total'), 'outcome')
    assert.deepEqual(Object.keys(jobs), ['done'])
    const runs = ofIndexer.countOf(metricNamed('hypershard_job_seconds'))
    assert.equal(await runs, jobs.done)
    assert.equal(await ofIndexer.valueOf(metricNamed('hypershard_indexer_encoded_documents_total')), 20)
  })

  it('is servers and indexes by state, also those of which there is none', async () => {
    const servers = metricNamed('hypershard_cluster_shard_servers')
    assert.deepEqual(await meter.by(servers, 'state'), sorted({ live: 2, draining: 0, down: 0 }))
    coordinator.servers[0]!.down = true
    coordinator.servers[1]!.facts.draining = true
    await eventually(async () => (await meter.valueOf(servers, { state: 'live' })) === 0)
    assert.deepEqual(await meter.by(servers, 'state'), sorted({ live: 0, draining: 1, down: 1 }))
    assert.deepEqual(await meter.by(metricNamed('hypershard_catalog_indexes'), 'state'), { damaged: 0, served: 1 })
    assert.equal(await meter.valueOf(metricNamed('hypershard_catalog_documents')), 20)
  })
})

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort())
}
