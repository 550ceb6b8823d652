import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { memoryLimitBytes, processorCount } from '@hypershard/common'

export type ServiceKind = 'encoder' | 'shard' | 'indexer' | 'coordinator'

/** The scripts that the processes run. */
export type ServicePrograms = Readonly<Record<ServiceKind, string>>

export type Environment = Readonly<Record<string, string | undefined>>

export interface ClusterSettings {
  /** Absolute; the store with all documents, the logs and the lock are kept in it. */
  readonly dataDirectory: string
  /** Where documents are kept: a directory or `s3://…`; a folder of `dataDirectory` when left out. */
  readonly store?: string | undefined
  /** Absolute model directories; the first is the default model. */
  readonly modelDirectories: readonly string[]
  readonly shardServers: number
  /** Encoder services; one when left out. */
  readonly encoders?: number
  /** `host:port` of the public HTTP API; port 0 takes a free one. */
  readonly http: string
  /** `host:port` of the public gRPC API. */
  readonly grpc: string
  /** What the processes inherit; settings of a service in it (`HYPERSHARD_SHARD_…`) reach that service only. */
  readonly environment: Environment
  /** What single shard servers have beside it, by their place: for a cluster of unlike machines. */
  readonly shardEnvironments?: readonly Environment[]
  readonly programs?: ServicePrograms
  /**
   * Whether each process has an admin listener, on a free port of this machine; it has when left out. Processes of a
   * version that knew none refuse the setting.
   */
  readonly adminListeners?: boolean
  /** Whether shard servers leave q-nets for each other, as they do when left out; not where versions without it are to run. */
  readonly sharedQNets?: boolean
}

/** One process to be: what it runs, under which name, with which settings. */
export interface ProcessPlan {
  /** Unique in the cluster: `encoder`, `encoder-2`, `shard-1`, `indexer`, `coordinator`. */
  readonly name: string
  readonly kind: ServiceKind
  readonly program: string
  readonly environment: Environment
  /**
   * Which setting takes which address: the names a service announces its addresses under, and the settings that make
   * it listen there. A process that is started again gets the address it had.
   */
  readonly listenSettings: Readonly<Record<string, string>>
  /** How long it may drain when it is stopped by itself; the cluster's end leaves no time for that. */
  readonly drainMsMax: number
}

const repository = fileURLToPath(new URL('../../', import.meta.url))

export const servicePrograms: ServicePrograms = Object.freeze({
  encoder: join(repository, 'encoder-service/src/main.ts'),
  shard: join(repository, 'shard-server/src/main.ts'),
  indexer: join(repository, 'indexer/src/main.ts'),
  coordinator: join(repository, 'coordinator/src/main.ts'),
})

/** A dense retriever over the same encoder: what the default model is compared with. */
export const denseModelDirectory: string = join(repository, 'models/minilm-dense')

/** What the project ships; the first is the default model. */
export const bundledModelDirectories: readonly string[] = [
  join(repository, 'models/hypershard-mini'),
  denseModelDirectory,
]

/** @param number from 1 */
export function planEncoder(settings: ClusterSettings, number: number): ProcessPlan {
  const threads = Math.max(1, Math.floor(processorCount() / (settings.encoders ?? 1)))
  return plan(settings, number === 1 ? 'encoder' : `encoder-${number}`, 'encoder', {
    listenSettings: { grpc: 'HYPERSHARD_ENCODER_LISTEN' },
    own: {
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: settings.modelDirectories.join(','),
    },
    // Calls that come while it ends are made again elsewhere, and with all others it ends without a wait.
    defaults: { HYPERSHARD_ENCODER_THREADS: `${threads}` },
  })
}

/** Of the machine's memory, for the vectors of all shard servers together: what one alone would take by itself. */
const vectorsShare = 0.6

/** @param number from 1 */
export function planShardServer(settings: ClusterSettings, number: number): ProcessPlan {
  const threads = Math.max(1, Math.floor(processorCount() / settings.shardServers))
  return plan(settings, `shard-${number}`, 'shard', {
    listenSettings: { grpc: 'HYPERSHARD_SHARD_LISTEN' },
    own: {
      HYPERSHARD_SHARD_LISTEN: '127.0.0.1:0',
      HYPERSHARD_STORE: storeOf(settings),
      ...settings.shardEnvironments?.[number - 1],
    },
    defaults: {
      HYPERSHARD_SHARD_THREADS: `${threads}`,
      ...(settings.sharedQNets !== false && { HYPERSHARD_SHARD_QNETS: join(settings.dataDirectory, 'qnets') }),
      HYPERSHARD_SHARD_MEMORY_BYTES: `${Math.floor((vectorsShare * memoryLimitBytes()) / settings.shardServers)}`,
    },
  })
}

/** @param peers `host:port` of each encoder service, and where the coordinator hears other processes */
export function planIndexer(
  settings: ClusterSettings,
  peers: { encoders: readonly string[]; coordinator: string },
): ProcessPlan {
  return plan(settings, 'indexer', 'indexer', {
    listenSettings: {},
    own: {
      HYPERSHARD_ENCODER: membershipRedisOf(settings) ?? peers.encoders.join(','),
      HYPERSHARD_STORE: storeOf(settings),
      HYPERSHARD_COORDINATORS: peers.coordinator,
    },
    defaults: {},
  })
}

/** @param peers `host:port` of each encoder service and of each shard server */
export function planCoordinator(
  settings: ClusterSettings,
  peers: { encoders: readonly string[]; shardServers: readonly string[] },
): ProcessPlan {
  return plan(settings, 'coordinator', 'coordinator', {
    listenSettings: {
      http: 'HYPERSHARD_HTTP_LISTEN',
      grpc: 'HYPERSHARD_GRPC_LISTEN',
      internal: 'HYPERSHARD_INTERNAL_LISTEN',
    },
    own: {
      HYPERSHARD_HTTP_LISTEN: settings.http,
      HYPERSHARD_GRPC_LISTEN: settings.grpc,
      HYPERSHARD_ENCODER: membershipRedisOf(settings) ?? peers.encoders.join(','),
      HYPERSHARD_SHARD_SERVERS: membershipRedisOf(settings) ?? peers.shardServers.join(','),
      HYPERSHARD_STORE: storeOf(settings),
    },
    // With certificates, processes are heard at a port of their own.
    defaults: settings.environment.HYPERSHARD_TLS_CERT ? { HYPERSHARD_INTERNAL_LISTEN: '127.0.0.1:0' } : {},
  })
}

/**
 * The Redis in which servers announce themselves; undefined where the coordinator and the indexer have a fixed list of
 * them, to which none can be added.
 */
export function membershipRedisOf(settings: ClusterSettings): string | undefined {
  return settings.environment.HYPERSHARD_MEMBERSHIP_REDIS_URL
}

/** How long a kind of service may drain. */
const drainSettings: Readonly<Partial<Record<ServiceKind, string>>> = {
  shard: 'HYPERSHARD_SHARD_DRAIN_MS',
  encoder: 'HYPERSHARD_ENCODER_DRAIN_MS',
}
/** Where these are not set, none takes longer. */
const drainMsDefaultMax = 60_000

const adminSetting = 'HYPERSHARD_ADMIN_LISTEN'

interface PlanParts {
  readonly listenSettings: Readonly<Record<string, string>>
  /** Settings that make the cluster one; the environment does not change them. */
  readonly own: Environment
  /** Settings that the environment may change. */
  readonly defaults: Environment
}

function plan(settings: ClusterSettings, name: string, kind: ServiceKind, parts: PlanParts): ProcessPlan {
  const inherited = inheritedEnvironment(settings.environment, kind)
  const { adminListeners: admin = true } = settings
  const drainSetting = drainSettings[kind]
  const drainMsMax = drainSetting === undefined ? 0 : Number(inherited[drainSetting] ?? drainMsDefaultMax)
  return {
    name,
    kind,
    program: (settings.programs ?? servicePrograms)[kind],
    environment: {
      NODE_COMPILE_CACHE: join(settings.dataDirectory, 'compiled'),
      ...(admin && { [adminSetting]: '127.0.0.1:0' }),
      ...parts.defaults,
      ...inherited,
      ...parts.own,
    },
    listenSettings: { ...parts.listenSettings, ...(admin && { admin: adminSetting }) },
    drainMsMax,
  }
}

function storeOf(settings: ClusterSettings): string {
  return settings.store ?? join(settings.dataDirectory, 'store')
}

/** Settings that only the cluster or this command has a use for. */
const notInherited = new Set(['HYPERSHARD_URL', 'HYPERSHARD_CA_FILE'])
/** What several kinds of service read, and the others leave alone. */
const forEveryService = new Set([
  'HYPERSHARD_LOG_LEVEL',
  'HYPERSHARD_METRICS',
  'HYPERSHARD_TLS_CERT',
  'HYPERSHARD_TLS_KEY',
  'HYPERSHARD_TLS_CA',
  'HYPERSHARD_INSECURE',
  'HYPERSHARD_TRACE_OTLP_URL',
  'HYPERSHARD_TRACE_SAMPLE_PERCENT',
  'HYPERSHARD_TELEMETRY_FILE',
  'HYPERSHARD_INTERNAL_PROXY',
  'HYPERSHARD_ANNOUNCE_REDIS_URL',
  'HYPERSHARD_MEMBERSHIP_REDIS_URL',
  'HYPERSHARD_MEMBERSHIP_REFRESH_MS',
])

/**
 * What of the environment one kind of service gets. Services refuse settings they do not know, so each gets its own:
 * by prefix, and the coordinator all the rest, so that a misspelt name is refused by somebody.
 */
function inheritedEnvironment(environment: Environment, kind: ServiceKind): Environment {
  const inherited = Object.entries(environment).filter(([name]) => {
    if (!name.startsWith('HYPERSHARD_') || forEveryService.has(name)) return true
    return !notInherited.has(name) && ownerOf(name) === kind
  })
  return Object.fromEntries(inherited)
}

function ownerOf(setting: string): ServiceKind {
  if (setting.startsWith('HYPERSHARD_ENCODER_')) return 'encoder'
  if (setting.startsWith('HYPERSHARD_INDEXER_')) return 'indexer'
  if (setting.startsWith('HYPERSHARD_SHARD_') && setting !== 'HYPERSHARD_SHARD_SERVERS') return 'shard'
  return 'coordinator'
}
