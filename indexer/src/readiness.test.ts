import assert from 'node:assert/strict'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quietTelemetry, type RunningService, readConfig } from '@hypershard/common'
import { FakeEncoder } from '@hypershard/harness'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import { indexerConfig } from './config.ts'
import { startIndexer } from './start-indexer.ts'

describe('whether an indexer is ready', () => {
  let parent: string
  let store: string
  let indexer: RunningService | undefined
  let redis: RedisServer | undefined

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-indexer-'))
    store = join(parent, 'store')
  })

  afterEach(async () => {
    await indexer?.stop()
    await redis?.stop()
    redis = undefined
    await rm(parent, { recursive: true, force: true })
  })

  async function start(settings: Readonly<Record<string, string>> = {}): Promise<RunningService> {
    const environment = { HYPERSHARD_ENCODER: 'encoder.test:7720', HYPERSHARD_STORE: store, ...settings }
    const connections = { connectEncoder: () => new FakeEncoder() }
    indexer = await startIndexer(readConfig(indexerConfig, environment), quietTelemetry(), connections)
    return indexer
  }

  it('is whether it can read the object store', async () => {
    const { requireReady } = await start()
    await requireReady!()
    await rename(store, join(parent, 'away'))
    await assert.rejects(requireReady!(), { code: 'storage_failed' })
    await rename(join(parent, 'away'), store)
    await requireReady!()
  })

  it('is whether it can reach the queue that it shares with others, too', async function () {
    redis = await startRedisServer()
    if (redis === undefined) return this.skip()
    const { requireReady } = await start({ HYPERSHARD_INDEXER_REDIS_URL: redis.url })
    await requireReady!()
    await redis.stop()
    redis = undefined
    await assert.rejects(requireReady!(), { code: 'unavailable', message: /redis/ })
  })
})
