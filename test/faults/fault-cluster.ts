import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '@hypershard/harness'
import { testEnvironment } from '@hypershard/harness/cluster'
import { tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import { startCluster } from '@hypershard/local-cluster'

const victims = ['coordinator', 'indexer', 'encoder', 'shard-1', 'shard-2'] as const

/** A real cluster with two models, and a Redis where there is one, whose processes can be killed and halted. */
export interface FaultCluster {
  readonly url: string
  readonly withRedis: boolean
  /** Does something bad to a process of it, or to Redis, and mends it after a while. Returns what it was. */
  strike(random: Random): Promise<string>
  stop(): Promise<void>
}

export async function startFaultCluster(): Promise<FaultCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-faults-'))
  const redis = await startRedisServer()
  try {
    const first = await writeTinyModel(directory, { name: 'first', qnet: tinyArchitecture })
    const second = await writeTinyModel(directory, { name: 'second', qnet: tinyArchitecture })
    const cluster = await startCluster({
      dataDirectory: join(directory, 'data'),
      modelDirectories: [first.path, second.path],
      shardServers: 2,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      environment: { ...testEnvironment, ...redisSetting(redis) },
      restart: false,
    })
    const kill = async (name: string, waitMs: number) => {
      cluster.processes.find(process => process.name === name)?.kill('SIGKILL')
      await wait(waitMs)
      await cluster.restartProcess(name)
    }
    const halt = async (name: string, waitMs: number) => {
      const victim = cluster.processes.find(process => process.name === name)
      victim?.kill('SIGSTOP')
      await wait(waitMs)
      victim?.kill('SIGCONT')
    }
    return {
      url: cluster.httpUrl,
      withRedis: redis !== undefined,
      strike: async random => {
        const waitMs = random.below(1_500)
        if (redis !== undefined && random.chance(0.15)) {
          await redis.flush()
          return 'FLUSHALL of redis'
        }
        const name = random.pick(victims)
        const killed = random.chance(0.6)
        await (killed ? kill(name, waitMs) : halt(name, waitMs))
        return `${killed ? 'SIGKILL' : 'SIGSTOP'} of ${name} for ${waitMs} ms`
      },
      stop: async () => {
        await cluster.stop()
        await redis?.stop()
        await rm(directory, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await redis?.stop()
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

function redisSetting(redis: RedisServer | undefined): Record<string, string> {
  return redis === undefined ? {} : { HYPERSHARD_INDEXER_REDIS_URL: redis.url }
}
