import { join } from 'node:path'
import { type Environment, type LocalCluster, startCluster } from '@hypershard/local-cluster'
import { Api } from '../load/cluster/api.ts'
import type { WatchedProcess } from '../load/measure/take-sample.ts'
import { CoordinatorProcess } from './coordinator-process.ts'
import { FleetRedis } from './fleet-redis.ts'

export interface FleetSettings {
  /** Of the store and the logs. */
  readonly directory: string
  readonly modelDirectories: readonly string[]
  readonly shardServers: number
  readonly encoders: number
  readonly coordinators: number
  /** Settings of the coordinators. */
  readonly coordinator?: Environment
  /** Settings of the other services. */
  readonly services?: Environment
}

/**
 * A cluster of separate processes whose servers announce themselves in a Redis, so that servers can come and go, with
 * any number of encoder services and of coordinators.
 */
export class Fleet {
  readonly redis: FleetRedis
  readonly cluster: LocalCluster
  readonly #settings: FleetSettings
  readonly #coordinators: CoordinatorProcess[] = []

  private constructor(settings: FleetSettings, redis: FleetRedis, cluster: LocalCluster) {
    this.#settings = settings
    this.redis = redis
    this.cluster = cluster
  }

  /** Starts all and waits until it is ready. After a failure nothing is left running. */
  static async start(settings: FleetSettings): Promise<Fleet> {
    const redis = await FleetRedis.start()
    try {
      const cluster = await startCluster({
        dataDirectory: settings.directory,
        modelDirectories: settings.modelDirectories,
        shardServers: settings.shardServers,
        encoders: settings.encoders,
        http: '127.0.0.1:0',
        grpc: '127.0.0.1:0',
        environment: { ...process.env, ...tellingBy(redis), ...settings.services, ...settings.coordinator },
        restart: false,
      })
      const fleet = new Fleet(settings, redis, cluster)
      try {
        for (let number = 2; number <= settings.coordinators; number++) {
          await fleet.startCoordinator(`coordinator-${number}`)
        }
        return fleet
      } catch (error) {
        await fleet.stop()
        throw error
      }
    } catch (error) {
      await redis.kill()
      throw error
    }
  }

  /** Base URLs of the HTTP API, one a coordinator. */
  get origins(): string[] {
    return [this.cluster.httpUrl, ...this.#coordinators.map(({ origin }) => origin)]
  }

  get api(): Api {
    return new Api(this.cluster.httpUrl)
  }

  /** Those that serve gRPC with their ports. */
  get processes(): WatchedProcess[] {
    const local = this.cluster.processes.map(({ name, pid, address }) => {
      const serves = name.startsWith('shard-') || name.startsWith('encoder')
      return { name, pid, port: serves ? Number(address.split(':').at(-1)) : undefined }
    })
    return [...local, ...this.#coordinators.map(({ name, pid }) => ({ name, pid }))]
  }

  /** The shard servers that there are now. */
  get shardServers(): { readonly name: string; readonly address: string }[] {
    return this.cluster.processes.filter(({ name }) => name.startsWith('shard-'))
  }

  /** SIGTERM, so that it may drain, and a new process in its place. Returns when that is ready. */
  async restart(name: string): Promise<void> {
    const coordinator = this.#coordinators.find(process => process.name === name)
    await (coordinator?.restart() ?? this.cluster.restartProcess(name))
  }

  /**
   * One coordinator more, which is no part of the load unless somebody sends it there.
   * @param settings in place of what the other coordinators have
   */
  async startCoordinator(name: string, settings: Environment = {}): Promise<CoordinatorProcess> {
    const { url } = this.redis
    const inherited = Object.entries(process.env).filter(([setting]) => !setting.startsWith('HYPERSHARD_'))
    const environment = {
      ...Object.fromEntries(inherited),
      HYPERSHARD_STORE: join(this.#settings.directory, 'store'),
      HYPERSHARD_ENCODER: url,
      HYPERSHARD_SHARD_SERVERS: url,
      HYPERSHARD_ANNOUNCE_REDIS_URL: url,
      ...this.#settings.coordinator,
      ...settings,
    }
    const logPath = join(this.#settings.directory, 'logs', `${name}.log`)
    const coordinator = new CoordinatorProcess(name, { environment, logPath })
    await coordinator.start()
    this.#coordinators.push(coordinator)
    return coordinator
  }

  async stop(): Promise<void> {
    await Promise.all(this.#coordinators.map(coordinator => coordinator.stop()))
    await this.cluster.stop()
    await this.redis.kill()
  }
}

/** All that processes may use a Redis for. */
function tellingBy({ url }: FleetRedis): Environment {
  return {
    HYPERSHARD_MEMBERSHIP_REDIS_URL: url,
    HYPERSHARD_ANNOUNCE_REDIS_URL: url,
    HYPERSHARD_INDEXER_REDIS_URL: url,
  }
}
