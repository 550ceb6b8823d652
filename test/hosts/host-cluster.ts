import { join } from 'node:path'
import { eventually } from '@hypershard/harness'
import { type Host, HostNetwork, type HostProcess } from '@hypershard/harness/hosts'
import { tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { createBucket, s3ServerCommand, untilAnswers } from '@hypershard/harness/servers'
import { type Environment, servicePrograms } from '@hypershard/local-cluster'

export interface HostClusterOptions {
  /** How many hosts with a shard server: they stand in the zones `a` and `b` by turns. */
  readonly shardServers: number
  readonly encoders: number
  /** A directory that every host has, or an S3 server on a host of its own. */
  readonly store: 'directory' | 's3'
}

/** A cluster with a host for each of its processes, for its Redis, and for its store if that is a server. */
export interface HostCluster {
  readonly network: HostNetwork
  readonly url: string
  readonly coordinator: Host
  readonly indexer: Host
  readonly redis: Host
  readonly store: Host | undefined
  readonly encoders: readonly Host[]
  readonly shards: readonly Host[]
  /** Ends Redis and starts it again, empty, where it was. */
  restartRedis(): Promise<void>
  stop(): Promise<void>
}

const ports = { http: 7700, grpc: 7701, encoder: 7702, shard: 7710, redis: 6379, s3: 5000 }

/** How long a server may be away before others load its shards. Short, so that no test waits for it. */
const replaceAfterMs = 3_000

export async function startHostCluster(options: HostClusterOptions): Promise<HostCluster> {
  const network = await HostNetwork.open()
  try {
    return await startOn(network, options)
  } catch (error) {
    await network.close()
    throw error
  }
}

async function startOn(
  network: HostNetwork,
  { shardServers, encoders, store }: HostClusterOptions,
): Promise<HostCluster> {
  const { directory } = network
  const several = (name: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, at) => network.addHost(`${name}-${at + 1}`)))
  const hosts = {
    coordinator: await network.addHost('coordinator'),
    indexer: await network.addHost('indexer'),
    redis: await network.addHost('redis'),
    store: store === 's3' ? await network.addHost('store') : undefined,
    encoders: await several('encoder', encoders),
    shards: await several('shard', shardServers),
  }
  let redis = startRedis(hosts.redis)
  const location = hosts.store === undefined ? join(directory, 'store') : await startStore(hosts.store, directory)
  const model = await writeTinyModel(directory, { qnet: tinyArchitecture })
  await startServices(hosts, { location, model: model.path })
  const url = `http://${hosts.coordinator.address}:${ports.http}`
  await eventually(async () => (await fetch(`${url}/readyz`)).ok)
  const restartRedis = async () => {
    redis.kill('SIGKILL')
    await redis.exited
    redis = startRedis(hosts.redis)
  }
  return { ...hosts, network, url, restartRedis, stop: () => network.close() }
}

function startRedis(host: Host): HostProcess {
  return host.start(['redis-server', '--port', `${ports.redis}`, '--protected-mode', 'no', '--save', ''])
}

/** @returns the location of a new bucket */
async function startStore(host: Host, directory: string): Promise<string> {
  const command = s3ServerCommand(host.address, ports.s3)
  if (command === undefined) throw new Error('there is no moto: see CONTRIBUTING.md')
  host.start(command)
  const endpoint = `http://${host.address}:${ports.s3}`
  await untilAnswers(endpoint)
  await createBucket(endpoint, 'papers')
  return `s3://papers/prefix?${new URLSearchParams({ endpoint, staging: join(directory, 'staging') })}`
}

type Hosts = Pick<HostCluster, 'coordinator' | 'indexer' | 'redis' | 'encoders' | 'shards'>

async function startServices(hosts: Hosts, { location, model }: { location: string; model: string }): Promise<void> {
  const { coordinator, indexer, encoders, shards } = hosts
  const redis = `redis://${hosts.redis.address}:${ports.redis}`
  const common = { ...system, ...s3Credentials, HYPERSHARD_STORE: location }
  const announcing = { HYPERSHARD_MEMBERSHIP_REDIS_URL: redis }
  await Promise.all([
    ...encoders.map(host =>
      host.run(servicePrograms.encoder, {
        ...system,
        ...announcing,
        ...closedNetwork,
        HYPERSHARD_ENCODER_LISTEN: `${host.address}:${ports.encoder}`,
        HYPERSHARD_ENCODER_THREADS: '1',
        HYPERSHARD_MODELS: model,
      }),
    ),
    ...shards.map((host, at) =>
      host.run(servicePrograms.shard, {
        ...common,
        ...announcing,
        ...closedNetwork,
        HYPERSHARD_SHARD_LISTEN: `${host.address}:${ports.shard}`,
        HYPERSHARD_SHARD_THREADS: '1',
        HYPERSHARD_SHARD_ZONE: at % 2 === 0 ? 'a' : 'b',
        HYPERSHARD_SHARD_MEMORY_BYTES: `${64 * 1024 * 1024}`,
      }),
    ),
  ])
  const following = { HYPERSHARD_ANNOUNCE_REDIS_URL: redis, HYPERSHARD_ENCODER: redis }
  await coordinator.run(servicePrograms.coordinator, {
    ...common,
    ...following,
    ...closedNetwork,
    HYPERSHARD_HTTP_LISTEN: `${coordinator.address}:${ports.http}`,
    HYPERSHARD_GRPC_LISTEN: `${coordinator.address}:${ports.grpc}`,
    HYPERSHARD_SHARD_SERVERS: redis,
    HYPERSHARD_REPLACE_AFTER_MS: `${replaceAfterMs}`,
    HYPERSHARD_REFRESH_MS: '200',
    HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '0',
  })
  await indexer.run(servicePrograms.indexer, {
    ...common,
    ...following,
    HYPERSHARD_INDEXER_SCAN_MS: '200',
  })
}

/** What every process gets. */
const system: Environment = { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }
/** The hosts of a test see nobody but each other. */
const closedNetwork: Environment = { HYPERSHARD_INSECURE: 'true' }
const s3Credentials: Environment = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
