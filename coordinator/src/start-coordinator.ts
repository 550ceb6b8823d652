import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { openKeyStore } from '@hypershard/access'
import { type Announcer, GrpcHub, openAnnouncements } from '@hypershard/announcements'
import {
  Deadline,
  type Logger,
  probeMsMax,
  RequestContext,
  type RunningService,
  systemClock,
  type Telemetry,
  WorkGate,
} from '@hypershard/common'
import {
  type ChannelSettings,
  clientOptionsBehind,
  type GrpcServer,
  type GrpcServerOptions,
  openProcessCredentials,
  plainChannel,
  publicServerCredentials,
  publicServerOptions,
  startGrpcServer,
} from '@hypershard/common/grpc'
import { consoleDirectory } from '@hypershard/console'
import { firstServers, type MembershipSource, openMembership } from '@hypershard/membership'
import { protoDirectory } from '@hypershard/proto'
import { AnnouncementServiceService } from '@hypershard/proto/announcements'
import {
  announcingStore,
  externalArchitecture,
  measuredStore,
  type ObjectStore,
  openObjectStore,
} from '@hypershard/storage'
import { AuditTrail } from './access/audit-trail.ts'
import { Door } from './access/door.ts'
import { KeyRing } from './access/key-ring.ts'
import { EncoderSet } from './adapters/encoder-set.ts'
import { connectEncoder } from './adapters/grpc-encoder.ts'
import { connectShardServer } from './adapters/grpc-shard-server.ts'
import { Catalog } from './catalog/catalog.ts'
import { ModelKeeper } from './catalog/model-keeper.ts'
import { ModelRegistry } from './catalog/model-registry.ts'
import { StoreWatcher } from './catalog/store-watcher.ts'
import { Cluster } from './cluster/cluster.ts'
import { isNeeded } from './cluster/is-needed.ts'
import { releaseIndex, releaseUnserved } from './cluster/release-index.ts'
import { ShardReleaser } from './cluster/shard-releaser.ts'
import { ShardWarmer } from './cluster/shard-warmer.ts'
import { watchHealth } from './cluster/watch-health.ts'
import type { CoordinatorConfig } from './config.ts'
import { Coordinator } from './coordinator.ts'
import { SearchPace } from './pace/search-pace.ts'
import { SlowDown } from './pace/slow-down.ts'
import type { EncoderServicePort, ShardServerPort } from './ports.ts'
import { openPublicCertificates, requireSafePorts } from './ports-config.ts'
import { readParts } from './read-parts.ts'
import { AnswerCache } from './search/answer-cache.ts'
import { FanOutRecord } from './search/fan-out-record.ts'
import { PairScores } from './search/pair-scores.ts'
import { QueryEncoder } from './search/query-encoder.ts'
import { QueryForms } from './search/query-forms.ts'
import { SearchMeter } from './search/search-meter.ts'
import { SlowSearches } from './search/slow-searches.ts'
import { boundedSearchService } from './transport/grpc/bounded-service.ts'
import { GrpcDoor } from './transport/grpc/grpc-door.ts'
import { GrpcMeter } from './transport/grpc/grpc-meter.ts'
import { searchService } from './transport/grpc/search-service.ts'
import { startHttpServer } from './transport/http/http-server.ts'
import { WordCounts } from './words/word-counts.ts'
import { WriteLogs } from './writing/write-documents.ts'
import { WriteGuard } from './writing/write-guard.ts'
import { WriteMeter } from './writing/write-meter.ts'

/** How long requests under way may take to end when the process stops. */
const drainMs = 5_000

/** How long shard servers keep a generation that no name points at any more. */
const unservedMs = 60_000

/** For one health check. Shard servers promise 50 ms while they scan; the rest is for a busy machine. */
const healthCheckMsMax = 1_000

/** How long a start waits for shard servers to be named: without any it starts all the same. */
const firstServersMs = 2_000

/** How the coordinator reaches other processes; tests put fakes here. */
export interface CoordinatorConnections {
  openStore(): Promise<ObjectStore>
  /** Where it learns which shard servers there are. */
  openMembership(): MembershipSource
  connectEncoder(address: string): EncoderServicePort
  connectShardServer(address: string): ShardServerPort
}

function asConfigured(config: CoordinatorConfig, channel: ChannelSettings, log: Logger): CoordinatorConnections {
  const shardServers = { kind: 'shard-server', refreshMs: config.HYPERSHARD_MEMBERSHIP_REFRESH_MS } as const
  return {
    openStore: () => openObjectStore(config.HYPERSHARD_STORE),
    openMembership: () => openMembership(config.HYPERSHARD_SHARD_SERVERS, shardServers, log),
    connectEncoder: address => connectEncoder(address, channel),
    connectShardServer: address => connectShardServer(address, channel),
  }
}

/** What the coordinator waits for on the side; tests need not. */
export interface CoordinatorPauses {
  /** While shard servers keep a generation that no name points at any more. */
  unserved(): Promise<unknown>
}

const byTheClock: CoordinatorPauses = { unserved: () => wait(unservedMs, undefined, { ref: false }) }

/**
 * Starts a coordinator: loads the catalogue, finds out which shard servers live, warms up, and serves HTTP and gRPC. It
 * starts without encoder and shard servers; `GET /readyz` tells when everything is there.
 * @returns with the addresses `http` and `grpc`
 * @throws HypershardError `address_in_use`, `storage_failed`
 */
export async function startCoordinator(
  config: CoordinatorConfig,
  telemetry: Telemetry,
  connections: Partial<CoordinatorConnections> = {},
  pauses: CoordinatorPauses = byTheClock,
): Promise<RunningService> {
  const { log } = telemetry
  const stops: (() => unknown)[] = []
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  }
  try {
    requireSafePorts(config, log)
    const credentials = await openProcessCredentials(config, log)
    stops.push(() => credentials.close())
    const channel = { credentials, options: clientOptionsBehind(config.HYPERSHARD_INTERNAL_PROXY) }
    const certificates = await openPublicCertificates(config, log)
    stops.push(() => certificates?.close())
    const door = await openDoor(config, telemetry, stops)
    const audit = await AuditTrail.open(config.HYPERSHARD_AUDIT_LOG, systemClock, telemetry.meter)
    stops.push(() => audit.close())
    const announcer = openAnnouncements(
      {
        coordinators: config.HYPERSHARD_COORDINATORS,
        redisUrl: config.HYPERSHARD_ANNOUNCE_REDIS_URL,
        channel,
      },
      log,
    )
    stops.push(() => announcer.close())
    const hub = announcer.open(ear => new GrpcHub(ear, log))
    const surroundings = { connections, pauses, announcer, channel }
    const coordinator = await assembleCoordinator(config, telemetry, surroundings, stops)
    await coordinator.warmUp({ msMax: config.HYPERSHARD_SEARCH_WARM_UP_MS, log })
    const transport = { putTimeoutMs: config.HYPERSHARD_PUT_TIMEOUT_MS, drainMs, door, audit, telemetry }
    const internal = await serveProcesses(hub, config.HYPERSHARD_INTERNAL_LISTEN, credentials.server)
    stops.push(() => internal?.stop())
    const grpc = await serveGrpc(coordinator, internal === undefined ? hub : undefined, {
      address: config.HYPERSHARD_GRPC_LISTEN,
      credentials: publicServerCredentials(certificates),
      ...transport,
    })
    stops.push(() => grpc.stop())
    // Streams that go on for an hour are no calls to wait for.
    stops.push(() => hub.close())
    const http = await startHttpServer(coordinator, {
      address: config.HYPERSHARD_HTTP_LISTEN,
      corsOrigins: config.HYPERSHARD_HTTP_CORS_ORIGINS,
      consoleDirectory,
      certificates,
      ...transport,
    })
    stops.push(() => http.stop())
    return {
      addresses: {
        http: http.address,
        grpc: grpc.address,
        ...(internal === undefined ? {} : { internal: internal.address }),
      },
      requireReady: async () => {
        await coordinator.requireReady(new RequestContext({ log, deadline: Deadline.after(probeMsMax) }))
      },
      stop: stopAll,
    }
  } catch (error) {
    await stopAll()
    throw error
  }
}

async function openDoor(
  config: CoordinatorConfig,
  { log, meter }: Pick<Telemetry, 'log' | 'meter'>,
  stops: (() => unknown)[],
): Promise<Door> {
  const parts = { clock: systemClock, log, meter }
  if (config.HYPERSHARD_KEYS === undefined) return new Door(undefined, parts)
  const ring = await KeyRing.open(openKeyStore(config.HYPERSHARD_KEYS), systemClock, log)
  stops.push(() => ring.close())
  return new Door(ring, parts)
}

export interface CoordinatorSurroundings {
  /** What is left out is as configured. */
  readonly connections: Partial<CoordinatorConnections>
  readonly pauses?: CoordinatorPauses
  readonly announcer: Pick<Announcer, 'tell' | 'listen' | 'hearing'>
  /** How connections that are not given are made. */
  readonly channel?: ChannelSettings
}

/**
 * A coordinator at work that nobody can reach yet.
 * @param stops takes what must be undone, in the order it was done
 */
export async function assembleCoordinator(
  config: CoordinatorConfig,
  telemetry: Telemetry,
  surroundings: CoordinatorSurroundings,
  stops: (() => unknown)[],
): Promise<Coordinator> {
  const { log, meter } = telemetry
  const { pauses = byTheClock, announcer, channel = plainChannel } = surroundings
  const connections = { ...asConfigured(config, channel, log), ...surroundings.connections }
  const store = announcingStore(measuredStore(await connections.openStore(), meter), key => announcer.tell(key))
  const catalog = await Catalog.load(store)
  for (const { name, failure } of catalog.listFailed()) log.error({ index: name, err: failure }, 'index is damaged')
  const refreshMs = config.HYPERSHARD_MEMBERSHIP_REFRESH_MS
  const encoder = new EncoderSet({
    membership: openMembership(config.HYPERSHARD_ENCODER, { kind: 'encoder', refreshMs }, log),
    connect: connections.connectEncoder,
    intervalMs: config.HYPERSHARD_HEALTH_INTERVAL_MS,
    log,
  })
  stops.push(() => encoder.close())
  const cluster = await openCluster(config, log, connections, stops)
  const warmer = new ShardWarmer(cluster, catalog, log)
  const releaser = new ShardReleaser({ cluster, catalog, log })
  const modelKeeper = new ModelKeeper({ store, encoder, log })
  stops.push(() => modelKeeper.stop())
  const health = await watchHealth(cluster, {
    coordinator: randomUUID(),
    intervalMs: config.HYPERSHARD_HEALTH_INTERVAL_MS,
    checkMsMax: healthCheckMsMax,
    log,
    isNeeded: member => isNeeded(member, { cluster, catalog }),
    onLive: member => {
      for (const { generation } of catalog.list()) {
        if (externalArchitecture(generation.model) === undefined) modelKeeper.keep(generation.model.digest)
      }
      void warmer.warm(member)
      void releaser.release(member)
    },
  })
  stops.push(() => health.stop())
  const logs = new WriteLogs(store)
  const watcher = new StoreWatcher({
    catalog,
    warmer,
    log,
    announcements: announcer,
    everyMs: config.HYPERSHARD_REFRESH_MS,
    onGone: index => void releaseIndex(index, { cluster, logs, log }),
    onUnserved: generation => void releaseUnserved(generation, { catalog, cluster, log, pause: pauses.unserved }),
  })
  watcher.start()
  stops.push(() => watcher.stop())
  const pace = new SearchPace()
  const slowDown = new SlowDown({ store, catalog, pace, log }).start()
  stops.push(() => slowDown.stop())
  const parts = {
    store,
    catalog,
    cluster,
    warmer,
    releaser,
    encoder,
    encoders: encoder,
    logs,
    watcher,
    pace,
    ...gatesOf(config),
    slowSearches: new SlowSearches({
      slowMs: config.HYPERSHARD_SEARCH_SLOW_MS,
      withText: config.HYPERSHARD_SEARCH_SLOW_TEXT === 'on',
    }),
    models: new ModelRegistry(encoder),
    modelKeeper,
    queryEncoder: new QueryEncoder(encoder, { cacheBytesMax: config.HYPERSHARD_QNET_CACHE_BYTES_MAX }),
    answers: new AnswerCache(config.HYPERSHARD_ANSWER_CACHE_BYTES_MAX),
    pairScores: new PairScores(encoder),
    wordCounts: new WordCounts(),
    queryForms: new QueryForms(config.HYPERSHARD_QUERY_FORM),
    fanOuts: new FanOutRecord(Math.random, config.HYPERSHARD_SEARCH_HEDGE_PERCENT, meter),
    searchMeter: new SearchMeter(meter),
    writeMeter: new WriteMeter(meter),
    guard: new WriteGuard(store, {
      lagMax: config.HYPERSHARD_PUT_LAG_MAX,
      freeShareMin: config.HYPERSHARD_PUT_FREE_PERCENT_MIN / 100,
    }),
  }
  readParts(parts, meter)
  return new Coordinator(parts)
}

/** Waits a while for the first servers to be named. */
async function openCluster(
  config: CoordinatorConfig,
  log: Logger,
  connections: CoordinatorConnections,
  stops: (() => unknown)[],
): Promise<Cluster> {
  const membership = connections.openMembership()
  stops.push(() => membership.close())
  await firstServers(membership, Deadline.after(firstServersMs))
  const cluster = new Cluster({
    membership,
    connect: connections.connectShardServer,
    replaceAfterMs: config.HYPERSHARD_REPLACE_AFTER_MS,
    log,
  })
  stops.push(() => cluster.close())
  return cluster
}

function gatesOf(config: CoordinatorConfig): { searches: WorkGate; writes: WorkGate } {
  const where = 'in this coordinator'
  return {
    searches: new WorkGate({
      work: 'searches',
      where,
      inFlightMax: config.HYPERSHARD_SEARCH_IN_FLIGHT_MAX,
      waitingMax: config.HYPERSHARD_SEARCH_WAITING_MAX,
    }),
    writes: new WorkGate({
      work: 'writes of documents',
      where,
      inFlightMax: config.HYPERSHARD_PUT_IN_FLIGHT_MAX,
      waitingMax: config.HYPERSHARD_PUT_WAITING_MAX,
    }),
  }
}

type GrpcServing = Pick<GrpcServerOptions, 'address' | 'credentials'> & {
  readonly door: Door
  readonly audit: AuditTrail
  readonly putTimeoutMs: number
  readonly drainMs: number
  readonly telemetry: Telemetry
}

/** @param hub of other processes, where they have no port of their own */
function serveGrpc(coordinator: Coordinator, hub: GrpcHub | undefined, options: GrpcServing): Promise<GrpcServer> {
  const door = new GrpcDoor(options.door, options.audit)
  const { meter } = options.telemetry
  const search = {
    definition: boundedSearchService,
    implementation: searchService(coordinator, { ...options, door }),
  }
  return startGrpcServer({
    address: options.address,
    credentials: options.credentials,
    interceptors: [new GrpcMeter(meter).interceptor, door.interceptor],
    limits: publicServerOptions,
    services: hub === undefined ? [search] : [search, announcementsOf(hub)],
    protoFiles: ['hypershard/v1/search.proto', ...(hub === undefined ? [] : [announcementsProto])],
    protoDirectory,
    drainMs: options.drainMs,
  })
}

const announcementsProto = 'hypershard/v1/announcements.proto'

function announcementsOf(hub: GrpcHub) {
  return { definition: AnnouncementServiceService, implementation: hub.implementation }
}

/** The port of other processes; undefined where they are heard at the public one. */
async function serveProcesses(
  hub: GrpcHub,
  address: string | undefined,
  credentials: GrpcServerOptions['credentials'],
): Promise<GrpcServer | undefined> {
  if (address === undefined) return undefined
  const services = [announcementsOf(hub)]
  return startGrpcServer({ address, credentials, services, protoFiles: [announcementsProto], protoDirectory, drainMs })
}
