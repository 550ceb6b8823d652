import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { captureLog, eventually, FakeEncoder, RecordingMeter } from '@hypershard/harness'
import { createDirectoryStore } from '@hypershard/storage'
import { Catalog } from '../catalog/catalog.ts'
import { ModelRegistry } from '../catalog/model-registry.ts'
import type { EncoderPort } from '../ports.ts'
import { fanOutMetrics, searchMetrics } from '../search/metrics.ts'
import { QueryForms } from '../search/query-forms.ts'
import { clusterOf } from '../testing/cluster-of.ts'
import { FakeShardServer } from '../testing/fake-shard-server.ts'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'
import { warmUpSearches } from './has-settled.ts'
import { type WarmUpParts, warmUp } from './warm-up.ts'

const documents = Array.from({ length: 20 }, (_, at) => ({ id: `d${at}`, text: `stars ${at}` }))

describe('a coordinator that starts', () => {
  let storeDirectory: string
  let meter: RecordingMeter
  let logged: ReturnType<typeof captureLog>
  let coordinator: TestCoordinator

  /** The second on its store: the first one made an index there. */
  beforeEach(async () => {
    storeDirectory = await mkdtemp(join(tmpdir(), 'hypershard-warm-'))
    const first = await startTestCoordinator({ storeDirectory })
    await post(`${first.url}/v1/indexes`, { name: 'papers', shards: 2 })
    await put(`${first.url}/v1/indexes/papers/documents`, documents)
    await first.stop()
    meter = new RecordingMeter()
    logged = captureLog('debug')
    coordinator = await startTestCoordinator({
      storeDirectory,
      meter,
      log: logged.log,
      indexer: false,
      environment: {
        HYPERSHARD_SEARCH_WARM_UP_MS: '60000',
        HYPERSHARD_SEARCH_SLOW_MS: '1',
        HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000',
      },
    })
  })

  afterEach(async () => {
    await coordinator.stop()
    await rm(storeDirectory, { recursive: true, force: true })
  })

  it('has made up searches of what it serves before anyone can reach it, another text each', async () => {
    const { searches } = coordinator.servers[0]!
    const { queriesEncoded } = coordinator.encoder
    assert.ok(queriesEncoded >= warmUpSearches.min && queriesEncoded <= warmUpSearches.max, `${queriesEncoded}`)
    assert.equal(searches.length, queriesEncoded)
    assert.equal(new Set(searches.map(({ qnet }) => qnet?.digest)).size, queriesEncoded)
    assert.deepEqual([searches[0]!.limit, searches[0]!.documents > 0], [11, true])
  })

  it('counts none of them, keeps none, hedges none, and says it once in its log', async () => {
    assert.deepEqual(await meter.by(searchMetrics.searches, 'outcome'), {})
    assert.equal(await meter.countOf(searchMetrics.seconds), 0)
    assert.equal(await meter.countOf(fanOutMetrics.callSeconds), 0)
    const [caches] = meter.opened.filter(({ name }) => name === 'hypershard_cache_requests_total')
    assert.equal(await meter.valueOf(caches!), 0)
    const messages = logged.lines.map(({ msg }) => msg)
    assert.equal(messages.filter(message => message === 'warmed up').length, 1)
    assert.ok(!messages.includes('slow search'))
  })

  it('counts those of users', async () => {
    const search = () => post(`${coordinator.url}/v1/indexes/papers/search`, { query: 'stars' })
    assert.equal((await search()).json.cached, false)
    assert.equal((await search()).json.cached, true)
    assert.deepEqual(await meter.by(searchMetrics.searches, 'outcome'), { complete: 2 })
    await eventually(async () => (await request(`${coordinator.url}/readyz`)).status === 200)
  })
})

describe('warmUp', () => {
  let directory: string
  let encoder: FakeEncoder
  let asked: number
  let parts: WarmUpParts
  let logged: ReturnType<typeof captureLog>

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-warm-'))
    const store = await createDirectoryStore(directory)
    encoder = new FakeEncoder()
    asked = 0
    const cluster = clusterOf([new FakeShardServer('s0:1', () => store)])
    parts = {
      catalog: await Catalog.load(store),
      cluster,
      warmer: { coldShards: () => [] },
      encoder,
      queryForms: new QueryForms('weights'),
      models: new ModelRegistry(encoder),
      modelKeeper: { mend: () => undefined },
    }
    logged = captureLog('debug')
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))

  const run = (msMax = 60_000) => warmUp(parts, { msMax, log: logged.log })

  it('encodes for each model where there is nothing to search', async () => {
    const models: string[] = []
    const encode = encoder.encodeQuery.bind(encoder)
    encoder.encodeQuery = (query, context) => {
      models.push(query.modelDigest)
      return encode(query, context)
    }
    await run()
    assert.deepEqual([...new Set(models)].sort(), encoder.models.map(({ digest }) => digest).sort())
    assert.ok(models.length >= warmUpSearches.min)
  })

  for (const hanging of ['queries', 'models'] as const) {
    it(`ends at its bound when the encoder does not answer for ${hanging}`, async () => {
      const never = () => new Promise<never>(() => undefined)
      let givenMs = 0
      const listModels: EncoderPort['listModels'] = async ({ remainingMs }) => {
        givenMs = remainingMs
        // Without the bound this would go on for as long.
        if (givenMs > 30) throw new HypershardError('unavailable', 'given more than there is')
        return hanging === 'models' ? never() : encoder.models
      }
      const others = { crossEncoders: () => [], scorePairs: never, readModelFile: never, close: () => undefined }
      parts = { ...parts, encoder: { listModels, encodeQuery: never, encodeQueries: never, ...others } }
      await run(30)
      assert.ok(givenMs > 0 && givenMs <= 30, `${givenMs}`)
      assert.equal(logged.lines.length, 1)
    })
  }

  it('gives up after two failures, and says why in one line at debug', async () => {
    encoder.beforeQuery = async () => {
      asked++
      throw new HypershardError('unavailable', 'told to fail')
    }
    await run()
    assert.equal(asked, 2)
    const [line, ...more] = logged.lines
    assert.deepEqual([line!.level, line!.msg, (line!.err as Error).message], [20, 'warmed up', 'told to fail'])
    assert.deepEqual(more, [])
  })

  it('waits for shards that live servers load, and not for them when no server lives', async () => {
    let looks = 0
    const cold = [{ index: 'papers', shard: 0, servers: ['s0:1'] }]
    parts = { ...parts, warmer: { coldShards: () => (++looks > 5 ? [] : cold) } }
    await run()
    assert.equal(looks, 2)
    looks = 0
    parts.cluster.members[0]!.markLive()
    await run()
    assert.equal(looks, 7)
  })

  it('does nothing when it is turned off', async () => {
    await run(0)
    assert.deepEqual([encoder.queriesEncoded, logged.lines], [0, []])
  })
})
