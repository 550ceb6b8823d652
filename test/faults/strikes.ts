import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '@hypershard/harness'
import { type RedisServer, startRedisServer } from '@hypershard/harness/servers'
import type { LocalCluster } from '@hypershard/local-cluster'

/** What can be struck. */
export interface Target {
  readonly cluster: LocalCluster
  /** Undefined where there is none: then the servers are a fixed list. */
  redis: RedisServer | undefined
}

/** Something bad, or at least unexpected, and what mends it. */
export interface Strike {
  readonly name: string
  /** Whether searches of an index with two copies of each shard must not notice it, where both are there. */
  readonly spares: boolean
  /** Returns once it is mended as far as somebody would mend it. */
  run(): Promise<void>
}

/** A kind of strike. */
interface Kind {
  /** How often it comes, relative to the others. */
  readonly weight: number
  /** Undefined while it cannot happen. */
  choose(target: Target, random: Random): Strike | undefined
}

const awayMsMax = 1_500
const shardServersMax = 4

/** Draws one that can happen to the cluster as it is. */
export function chooseStrike(target: Target, random: Random): Strike {
  const possible = kinds.flatMap(({ weight, choose }) => {
    const strike = choose(target, random)
    return strike === undefined ? [] : [{ weight, strike }]
  })
  const tickets = possible.flatMap(({ weight, strike }) => Array.from({ length: weight }, () => strike))
  return random.pick(tickets)
}

const kill: Kind = {
  weight: 6,
  choose: ({ cluster }, random) => {
    const [name, awayMs] = [random.pick(namesOf(cluster)), random.below(awayMsMax)]
    return {
      name: `SIGKILL of ${name} for ${awayMs} ms`,
      spares: isSpared(name),
      run: async () => {
        signal(cluster, name, 'SIGKILL')
        await wait(awayMs)
        await cluster.restartProcess(name)
      },
    }
  },
}

const halt: Kind = {
  weight: 4,
  choose: ({ cluster }, random) => {
    const [name, awayMs] = [random.pick(namesOf(cluster)), random.below(awayMsMax)]
    return {
      name: `SIGSTOP of ${name} for ${awayMs} ms`,
      spares: isSpared(name),
      run: async () => {
        signal(cluster, name, 'SIGSTOP')
        await wait(awayMs)
        signal(cluster, name, 'SIGCONT')
      },
    }
  },
}

const join: Kind = {
  weight: 2,
  choose: ({ cluster, redis }) => {
    if (redis === undefined || namesOf(cluster, 'shard-').length >= shardServersMax) return undefined
    return { name: 'another shard server', spares: true, run: async () => void (await cluster.addShardServer()) }
  },
}

const leave: Kind = {
  weight: 2,
  choose: ({ cluster, redis }, random) => {
    const shards = namesOf(cluster, 'shard-')
    if (redis === undefined || shards.length <= 2) return undefined
    const name = random.pick(shards)
    const run = async () => void (await cluster.removeProcess(name, { signal: 'SIGTERM' }))
    return { name: `SIGTERM of ${name}, for good`, spares: true, run }
  },
}

/** A machine that is lost, and the one that is bought in its place, which has another address. */
function loss(prefix: 'shard-' | 'encoder', weight: number): Kind {
  return {
    weight,
    choose: ({ cluster, redis }, random) => {
      const names = namesOf(cluster, prefix)
      // The one encoder service that is left would be missed.
      if (redis === undefined || (prefix === 'encoder' && names.length < 2)) return undefined
      const [name, awayMs] = [random.pick(names), random.below(awayMsMax)]
      return {
        name: `loss of ${name}, a new one ${awayMs} ms later`,
        spares: true,
        run: async () => {
          await cluster.removeProcess(name, { signal: 'SIGKILL' })
          await wait(awayMs)
          await (prefix === 'encoder' ? cluster.addEncoder() : cluster.addShardServer())
        },
      }
    },
  }
}

const lose = loss('shard-', 2)
const loseEncoder = loss('encoder', 1)

const drain: Kind = {
  weight: 2,
  choose: ({ cluster }, random) => {
    const [name, awayMs] = [random.pick(namesOf(cluster, 'shard-')), random.below(awayMsMax)]
    const { address } = cluster.processes.find(process => process.name === name)!
    const ask = async (what: string) => {
      const url = `${cluster.httpUrl}/v1/cluster/servers/${encodeURIComponent(address)}/${what}`
      const response = await fetch(url, { method: 'POST' })
      if (!response.ok) throw new Error(`${what} of ${name}: ${await response.text()}`)
    }
    return {
      name: `drain of ${name}, undone ${awayMs} ms later`,
      spares: true,
      run: async () => {
        await ask('drain')
        await wait(awayMs)
        await ask('undrain')
      },
    }
  },
}

const emptyRedis: Kind = {
  weight: 2,
  choose: ({ redis }) =>
    redis === undefined ? undefined : { name: 'FLUSHALL of redis', spares: true, run: () => redis.flush() },
}

const killRedis: Kind = {
  weight: 1,
  choose: (target, random) => {
    const { redis } = target
    if (redis === undefined) return undefined
    const awayMs = random.below(awayMsMax)
    return {
      name: `SIGKILL of redis for ${awayMs} ms, which then is empty`,
      spares: true,
      run: async () => {
        await redis.stop()
        await wait(awayMs)
        target.redis = await startRedisServer('--port', new URL(redis.url).port)
      },
    }
  },
}

const haltRedis: Kind = {
  weight: 1,
  choose: ({ redis }, random) => {
    if (redis === undefined) return undefined
    const awayMs = random.below(awayMsMax)
    return {
      name: `SIGSTOP of redis for ${awayMs} ms`,
      spares: true,
      run: async () => {
        process.kill(redis.pid, 'SIGSTOP')
        await wait(awayMs)
        process.kill(redis.pid, 'SIGCONT')
      },
    }
  },
}

const kinds: readonly Kind[] = [kill, halt, join, leave, lose, drain, loseEncoder, emptyRedis, killRedis, haltRedis]

/** There is one coordinator. Of encoders and shard servers there are two, and no search waits for an indexer. */
const isSpared = (name: string): boolean => name !== 'coordinator'

function namesOf(cluster: LocalCluster, prefix = ''): string[] {
  return cluster.processes.map(({ name }) => name).filter(name => name.startsWith(prefix))
}

function signal(cluster: LocalCluster, name: string, what: NodeJS.Signals): void {
  cluster.processes.find(process => process.name === name)?.kill(what)
}
