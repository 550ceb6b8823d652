import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Random } from '@hypershard/harness'
import { testEnvironment } from '@hypershard/harness/cluster'
import { tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import { type Environment, startCluster } from '@hypershard/local-cluster'
import { chooseStrike, type Strike, type Target } from './strikes.ts'

/** A real cluster with two models to which bad things happen; where there is a Redis, its servers come and go. */
export interface FaultCluster {
  readonly url: string
  readonly withRedis: boolean
  /** Something bad that can happen to it as it is now. */
  nextStrike(random: Random): Strike
  stop(): Promise<void>
}

/** How long a shard server may be away before others load its shards: about as long as most strikes last. */
const replaceAfterMs = 1_000

export async function startFaultCluster(): Promise<FaultCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-faults-'))
  const redis = await startRedisServer()
  const target: { redis: RedisServer | undefined } = { redis }
  const stopRest = async () => {
    await target.redis?.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const first = await writeTinyModel(directory, { name: 'first', qnet: tinyArchitecture })
    const second = await writeTinyModel(directory, { name: 'second', qnet: tinyArchitecture })
    const cluster = await startCluster({
      dataDirectory: join(directory, 'data'),
      modelDirectories: [first.path, second.path],
      shardServers: 2,
      encoders: 2,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: { ...testEnvironment, ...settings, ...redisSettings(redis) },
      restart: false,
    })
    const struck: Target = Object.assign(target, { cluster })
    return {
      url: cluster.httpUrl,
      withRedis: redis !== undefined,
      nextStrike: random => chooseStrike(struck, random),
      stop: async () => {
        await cluster.stop()
        await stopRest()
      },
    }
  } catch (error) {
    await stopRest()
    throw error
  }
}

const settings: Environment = { HYPERSHARD_REPLACE_AFTER_MS: `${replaceAfterMs}` }

function redisSettings(redis: RedisServer | undefined): Environment {
  if (redis === undefined) return {}
  return { HYPERSHARD_INDEXER_REDIS_URL: redis.url, HYPERSHARD_MEMBERSHIP_REDIS_URL: redis.url }
}
