import assert from 'node:assert/strict'
import type { RunningService } from '@hypershard/common'
import { eventually } from '@hypershard/harness'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import {
  post,
  put,
  request,
  startTestCoordinator,
  startTestIndexer,
  type TestCoordinator,
} from './testing/test-coordinator.ts'

/** Longer than a test may take: what is found in time was told, by real gRPC or a real Redis. */
const seldom = { HYPERSHARD_REFRESH_MS: '600000', HYPERSHARD_INDEXER_SCAN_MS: '600000' }

describe('what others tell', () => {
  const running: { stop(): Promise<void> }[] = []
  let redis: RedisServer | undefined

  before(async () => {
    redis = await startRedisServer()
  })

  afterEach(async () => {
    for (const service of running.splice(0).reverse()) await service.stop()
  })

  after(() => redis?.stop())

  async function coordinatorWith(settings: Record<string, string>, storeDirectory?: string): Promise<TestCoordinator> {
    const environment = { HYPERSHARD_REFRESH_MS: seldom.HYPERSHARD_REFRESH_MS, ...settings }
    const own = { indexer: false, environment, ...(storeDirectory && { storeDirectory }) }
    const coordinator = await startTestCoordinator(own)
    running.push(coordinator)
    return coordinator
  }

  async function indexerWith(settings: Record<string, string>, first: TestCoordinator): Promise<RunningService> {
    const all = { HYPERSHARD_INDEXER_SCAN_MS: seldom.HYPERSHARD_INDEXER_SCAN_MS, ...settings }
    const indexer = await startTestIndexer(first.storeDirectory, first.encoder, { settings: all })
    running.push(indexer)
    return indexer
  }

  /** Writes by one coordinator until the other finds it, so that the first write need not be told. */
  async function untilTold(one: TestCoordinator, other: TestCoordinator): Promise<void> {
    assert.equal((await post(`${one.url}/v1/indexes`, { name: 'papers' })).status, 201)
    await eventually(async () => (await request(`${other.url}/v1/indexes/papers`)).status === 200)
    const foundBy = async ({ url }: TestCoordinator, query: string) => {
      const { json } = await post(`${url}/v1/indexes/papers/search`, { query })
      return json.hits?.[0]?.id
    }
    for (const id of ['stars', 'whales', 'rivers']) {
      await put(`${one.url}/v1/indexes/papers/documents?wait_for=durable`, [{ id, text: id }])
      await eventually(async () => (await foundBy(one, id)) === id && (await foundBy(other, id)) === id)
    }
    const actions = [{ add: { alias: 'live', index: 'papers' } }]
    assert.equal((await post(`${one.url}/v1/aliases`, { actions })).status, 200)
    await eventually(async () => (await request(`${other.url}/v1/indexes/live`)).status === 200)
    await request(`${one.url}/v1/indexes/papers?aliases=delete`, { method: 'DELETE' })
    await eventually(async () => (await request(`${other.url}/v1/indexes/papers`)).status === 404)
  }

  it('is seen at once by two coordinators and an indexer that are connected', async () => {
    const one = await coordinatorWith({})
    const other = await coordinatorWith({ HYPERSHARD_COORDINATORS: one.grpcAddress }, one.storeDirectory)
    await indexerWith({ HYPERSHARD_COORDINATORS: `${one.grpcAddress},${other.grpcAddress}` }, one)
    await untilTold(one, other)
  })

  it('is seen at once by two coordinators and an indexer that share a Redis', async function () {
    if (redis === undefined) return this.skip()
    const settings = { HYPERSHARD_ANNOUNCE_REDIS_URL: redis.url }
    const one = await coordinatorWith(settings)
    const other = await coordinatorWith(settings, one.storeDirectory)
    await indexerWith(settings, one)
    await untilTold(one, other)
  })
})
