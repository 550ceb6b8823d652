import assert from 'node:assert/strict'
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { Deadline, type HypershardError, quietMeter, silentLogger } from '@hypershard/common'
import { connectClient } from '@hypershard/common/grpc'
import { quietContext, RecordingMeter } from '@hypershard/harness'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import type { QNet } from '@hypershard/proto/qnet'
import {
  type SearchShardsRequest,
  type SearchShardsResponse,
  type ShardResult,
  StopReason,
} from '@hypershard/proto/shard'
import type { Manifest, ObjectStore } from '@hypershard/storage'
import { service as healthService } from 'grpc-health-check'
import { ScoringPool } from './cpu/scoring-pool.ts'
import { RowFilter } from './filtering/row-filter.ts'
import { SegmentHolder } from './holding/segment-holder.ts'
import { SegmentLoader } from './holding/segment-loader.ts'
import { QueryCache } from './qnets/query-cache.ts'
import { scoringMetrics, shardSearchMetrics } from './search/metrics.ts'
import { searchGate, sheetGate } from './search/search-gate.ts'
import { searchShards } from './search/search-shards.ts'
import { ShardSearchMeter } from './search/shard-search-meter.ts'
import { noWords } from './testing/fake-parts.ts'
import { createTestIndex, putTestDocuments, testDocuments } from './testing/test-index.ts'
import {
  createTestStore,
  startTestShardServer,
  type TestShardServer,
  testQNet,
  wholeSearch,
} from './testing/test-shard-server.ts'

const documentCount = 512 * 60

describe('a shard server during a scan of seconds', () => {
  const heavy = testQNet(publishedArchitecture(256, 8))
  const light = testQNet(publishedArchitecture(256, 1))
  let manifest: Manifest
  let root: string
  let store: ObjectStore
  let removeStore: () => Promise<void>
  let server: TestShardServer
  const meter = new RecordingMeter()
  /** How long a whole scan takes here and now: what is quick is quick beside this. */
  let scanMs: number

  before(async () => {
    ;({ root, store, remove: removeStore } = await createTestStore())
    const documents = testDocuments(512, 256)
    const many = Array.from({ length: documentCount / 512 }, (_, copy) =>
      documents.map(({ id, vector }) => ({ id: `${id}-${copy}`, vector })),
    ).flat()
    manifest = await putTestDocuments(store, await createTestIndex(store, { name: 'a', width: 256, shards: 2 }), many)
    server = await startTestShardServer(root, { HYPERSHARD_SHARD_SEARCHES_MAX: 1 }, { meter })
    await server.prepare(manifest, [0, 1])
    const startMs = performance.now()
    await server.search(manifest, { qnet: heavy })
    scanMs = performance.now() - startMs
  })

  after(async () => {
    await server.stop()
    await removeStore()
    assert.deepEqual(server.deaths, [])
  })

  it('answers health checks meanwhile', async () => {
    const Health = loadPackageDefinition({ Health: healthService }).Health as ServiceClientConstructor
    const health = connectClient(Health, server.address)
    try {
      const check = () =>
        new Promise<void>((resolve, reject) =>
          health.check!({ service: '' }, (error: Error | null) => (error ? reject(error) : resolve())),
        )
      await check()
      let scanning = true
      const scan = server.search(manifest, { qnet: heavy }).finally(() => {
        scanning = false
      })
      let checks = 0
      while (scanning) {
        await check()
        if (scanning) checks++
        await new Promise(resolve => setTimeout(resolve, 5))
      }
      assert.equal((await scan).results[0]!.stopReason, StopReason.STOP_REASON_COMPLETE)
      // Scoring on the main thread would leave time for one between two shards.
      assert(checks >= 10, `only ${checks} health checks during the scan`)
    } finally {
      health.close()
    }
  })

  it('stops at the deadline, with the best so far and how many it scored', async () => {
    const parts = openParts()
    try {
      const search = (qnet: QNet, deadline: Deadline) => parts.search({ ...wholeSearch(manifest), qnet }, deadline)
      // Loads what the next one searches.
      const { results: whole } = await search(light, Deadline.after(100_000))
      let results: ShardResult[]
      let scored: number
      // As long as a scan took when the machine was busier may be enough for a whole one now.
      for (let part = 3; ; part *= 2) {
        results = (await search(heavy, Deadline.after(scanMs / part))).results
        scored = results.reduce((sum, result) => sum + result.documentsScored, 0)
        if (scored < documentCount || part > 100) break
      }
      assert(scored > 0 && scored < documentCount, `scored ${scored}`)
      assert.equal(whole[0]!.stopReason, StopReason.STOP_REASON_COMPLETE)
      assert.equal(results.at(-1)!.stopReason, StopReason.STOP_REASON_DEADLINE)
      assert.equal(results[0]!.hits.length, 10)
    } finally {
      await parts.close()
    }
  })

  it('stops when the caller goes away, before it has scored all, and the next query has its place', async () => {
    const parts = openParts()
    try {
      const search = (qnet: QNet, deadline: Deadline) => parts.search({ ...wholeSearch(manifest), qnet }, deadline)
      // Loads what the next one searches.
      await search(light, Deadline.after(100_000))
      const caller = new AbortController()
      const leaving = search(heavy, Deadline.after(100_000, { signal: caller.signal }))
      await assert.rejects(search(light, Deadline.after(100_000)), { code: 'overloaded' })
      await new Promise(resolve => setTimeout(resolve, scanMs / 10))
      caller.abort()
      const { results: left } = await leaving
      assert.equal(left.at(-1)!.stopReason, StopReason.STOP_REASON_CANCELLED)
      const scored = left.reduce((sum, result) => sum + result.documentsScored, 0)
      assert(scored < documentCount, `scored ${scored}, which is all`)
      const { results } = await search(light, Deadline.after(100_000))
      assert.equal(results[0]!.stopReason, StopReason.STOP_REASON_COMPLETE)
    } finally {
      await parts.close()
    }
  })

  it('frees its place and its threads for others once a call is cancelled', async () => {
    const caller = new AbortController()
    const leaving = server.search(manifest, { qnet: heavy }, Deadline.after(100_000, { signal: caller.signal }))
    leaving.catch(() => undefined)
    const isFree = () =>
      server.search(manifest, { qnet: light }).then(
        () => true,
        (error: HypershardError) => error.code !== 'overloaded' && Promise.reject(error),
      )
    while (await isFree()) assert.ok(!caller.signal.aborted)
    const before = await counted()
    caller.abort()
    await assert.rejects(leaving, { code: 'cancelled' })
    while (!(await isFree())) await new Promise(resolve => setTimeout(resolve, 5))
    // The last of these was light and whole.
    const { scored, cancelled } = await counted()
    assert.ok(cancelled > before.cancelled, 'no shard was left')
    const left = scored - before.scored - documentCount
    assert.ok(left < documentCount, `scored ${left}, which is all`)
  })

  async function counted(): Promise<{ scored: number; cancelled: number }> {
    return {
      scored: await meter.valueOf(scoringMetrics.scored),
      cancelled: await meter.valueOf(shardSearchMetrics.shards, { stop: 'cancelled' }),
    }
  }

  /** What a server searches with, but for the transport: that would end a call at its deadline, answered or not. */
  function openParts() {
    const log = silentLogger()
    const onDeath = (error: Error) => assert.fail(error)
    const backend = new ScoringPool({ threads: 1, log, onDeath })
    const loader = new SegmentLoader({ storeRoot: root, places: { vectors: 'memory', scratch: root } }, log, onDeath)
    const filter = new RowFilter({ log, onDeath })
    const memory = { vectors: 'memory', memoryBytesMax: Number.MAX_SAFE_INTEGER } as const
    const holder = new SegmentHolder({ store, loader, backend, filter, words: noWords, log, ...memory })
    const queries = new QueryCache({ call: () => assert.fail('a q-net was to be made'), post: () => undefined })
    const searches = searchGate(1)
    return {
      search: (request: SearchShardsRequest, deadline: Deadline): Promise<SearchShardsResponse> =>
        searchShards(
          {
            holder,
            backend,
            filter,
            words: noWords,
            queries,
            searches,
            sheets: sheetGate(1),
            meter: new ShardSearchMeter(quietMeter),
          },
          request,
          quietContext(deadline),
        ),
      close: async () => {
        await holder.close()
        await Promise.all([backend.close(), loader.close(), filter.close()])
      },
    }
  }
})
