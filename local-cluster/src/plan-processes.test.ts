import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { processorCount } from '@hypershard/common'
import { planCoordinator, planEncoder, planIndexer, planShardServer } from './plan-processes.ts'

const settings = {
  dataDirectory: '/data',
  modelDirectories: ['/models/a', '/models/b'],
  shardServers: 2,
  http: '127.0.0.1:7700',
  grpc: '127.0.0.1:7701',
  environment: {
    PATH: '/bin',
    HYPERSHARD_URL: 'http://elsewhere',
    HYPERSHARD_LOG_LEVEL: 'debug',
    HYPERSHARD_ENCODER_THREADS: '7',
    HYPERSHARD_SHARD_MEMORY_BYTES: '1000',
    HYPERSHARD_STORE: '/elsewhere',
    HYPERSHARD_MISSPELT: '1',
  },
}

/** The settings of hypershard that a process gets. */
function settingsOf(environment: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('HYPERSHARD_')))
}

describe('planning the processes', () => {
  it('gives each service its own settings of the environment, and the defaults it leaves open', () => {
    assert.deepEqual(settingsOf(planEncoder(settings, 1).environment), {
      HYPERSHARD_ADMIN_LISTEN: '127.0.0.1:0',
      HYPERSHARD_LOG_LEVEL: 'debug',
      HYPERSHARD_ENCODER_THREADS: '7',
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: '/models/a,/models/b',
    })
    const { HYPERSHARD_SHARD_THREADS, ...shard } = settingsOf(planShardServer(settings, 2).environment)
    assert.ok(Number(HYPERSHARD_SHARD_THREADS) >= 1)
    assert.deepEqual(shard, {
      HYPERSHARD_ADMIN_LISTEN: '127.0.0.1:0',
      HYPERSHARD_LOG_LEVEL: 'debug',
      HYPERSHARD_SHARD_MEMORY_BYTES: '1000',
      HYPERSHARD_SHARD_LISTEN: '127.0.0.1:0',
      HYPERSHARD_SHARD_QNETS: '/data/qnets',
      HYPERSHARD_STORE: '/data/store',
    })
  })

  it('keeps compiled code in the data directory, unless the environment names another place', () => {
    assert.equal(planShardServer(settings, 1).environment.NODE_COMPILE_CACHE, '/data/compiled')
    const environment = { ...settings.environment, NODE_COMPILE_CACHE: '/elsewhere' }
    assert.equal(planShardServer({ ...settings, environment }, 1).environment.NODE_COMPILE_CACHE, '/elsewhere')
  })

  it('leaves admin listeners out when told so', () => {
    const { environment, listenSettings } = planShardServer({ ...settings, adminListeners: false }, 1)
    assert.equal('HYPERSHARD_ADMIN_LISTEN' in environment, false)
    assert.deepEqual(listenSettings, { grpc: 'HYPERSHARD_SHARD_LISTEN' })
  })

  it('has shard servers share q-nets in the data directory, unless told not to', () => {
    const shared = (environment: ReturnType<typeof planShardServer>['environment']) =>
      environment.HYPERSHARD_SHARD_QNETS
    assert.equal(shared(planShardServer(settings, 1).environment), '/data/qnets')
    assert.equal(shared(planShardServer({ ...settings, sharedQNets: false }, 1).environment), undefined)
  })

  it('lets the encoder services share the cores, and names each', () => {
    const planned = (encoders: number) => planEncoder({ ...settings, environment: {}, encoders }, encoders)
    const threadsOf = (encoders: number) => Number(planned(encoders).environment.HYPERSHARD_ENCODER_THREADS)
    assert.equal(threadsOf(1), processorCount())
    assert.equal(threadsOf(2), Math.max(1, Math.floor(processorCount() / 2)))
    assert.equal(threadsOf(1_000), 1)
    assert.deepEqual([planned(1).name, planned(2).name], ['encoder', 'encoder-2'])
  })

  it('lets the shard servers share the memory that one alone would take', () => {
    const bytesOf = (shardServers: number) => {
      const { environment } = planShardServer({ ...settings, environment: {}, shardServers }, 1)
      return Number(environment.HYPERSHARD_SHARD_MEMORY_BYTES)
    }
    assert.ok(bytesOf(1) > 0 && bytesOf(1) <= 0.6 * totalmem())
    for (const shardServers of [2, 3, 8]) {
      assert.ok(bytesOf(shardServers) * shardServers <= bytesOf(1))
      assert.equal(bytesOf(shardServers), Math.floor(bytesOf(1) / shardServers))
    }
  })

  it('gives the coordinator what no service owns, so that a misspelt setting is refused', () => {
    const peers = { encoders: ['127.0.0.1:1', '127.0.0.1:4'], shardServers: ['127.0.0.1:2', '127.0.0.1:3'] }
    const { environment } = planCoordinator(settings, peers)
    assert.deepEqual(settingsOf(environment), {
      HYPERSHARD_ADMIN_LISTEN: '127.0.0.1:0',
      HYPERSHARD_LOG_LEVEL: 'debug',
      HYPERSHARD_MISSPELT: '1',
      HYPERSHARD_HTTP_LISTEN: '127.0.0.1:7700',
      HYPERSHARD_GRPC_LISTEN: '127.0.0.1:7701',
      HYPERSHARD_ENCODER: '127.0.0.1:1,127.0.0.1:4',
      HYPERSHARD_SHARD_SERVERS: '127.0.0.1:2,127.0.0.1:3',
      HYPERSHARD_STORE: '/data/store',
    })
    assert.equal(environment.PATH, '/bin')
  })

  it('has servers announce themselves in a Redis, and the others look there', () => {
    const redis = 'redis://127.0.0.1:6379'
    const announced = { ...settings, environment: { HYPERSHARD_MEMBERSHIP_REDIS_URL: redis } }
    const announcing = [planEncoder(announced, 1), planShardServer(announced, 1)]
    assert.deepEqual(
      announcing.map(({ environment }) => environment.HYPERSHARD_MEMBERSHIP_REDIS_URL),
      [redis, redis],
    )
    const peers = { encoders: ['127.0.0.1:1'], shardServers: ['127.0.0.1:2'], coordinator: '127.0.0.1:3' }
    const coordinator = settingsOf(planCoordinator(announced, peers).environment)
    const indexer = settingsOf(planIndexer(announced, peers).environment)
    assert.deepEqual([coordinator.HYPERSHARD_SHARD_SERVERS, coordinator.HYPERSHARD_ENCODER], [redis, redis])
    assert.equal(indexer.HYPERSHARD_ENCODER, redis)
  })

  it('names each encoder service, the first as ever', () => {
    assert.deepEqual([planEncoder(settings, 1).name, planEncoder(settings, 2).name], ['encoder', 'encoder-2'])
  })
})
