/**
 * What a coordinator itself costs where there are many shards: its processor time a query beside the time that the query
 * takes, and how long it computes when the servers change. The shard servers stand in the same process and take their
 * time without a processor's, so that all processor time is the coordinator's: planning, fan-out, merge, coverage,
 * and its health checks meanwhile. The wire is left out: gRPC's marshalling, and the encoder.
 */
import { Deadline, quietTelemetry, RequestContext, readConfig, silentLogger } from '@hypershard/common'
import { assembleCoordinator, Cluster, coordinatorConfig, searchInputOf } from '@hypershard/coordinator'
import { FakeEncoder } from '@hypershard/harness'
import type { ServerEntry } from '@hypershard/membership'
import { median } from '../statistics.ts'
import { type CannedIndex, createCannedIndex, hitsOfShard } from './canned-index.ts'
import { cannedServer } from './canned-servers.ts'
import { ChangingMembership } from './changing-membership.ts'

export const fanOutScaleBenchOptions = {
  servers: { type: 'string', default: '64,256' },
  shards: { type: 'string', default: '1000' },
  replicas: { type: 'string', default: '2' },
  queries: { type: 'string', default: '200' },
  /** What a shard server takes for a call. */
  'service-ms': { type: 'string', default: '50' },
} as const

interface Shape {
  readonly servers: number
  readonly shards: number
  readonly replicas: number
  readonly queries: number
  readonly serviceMs: number
}

const warmUpQueries = 30
const viewChanges = 9
const timeoutMs = 10_000

export async function runFanOutScaleBench(options: Readonly<Record<string, unknown>>) {
  const shape = {
    shards: Number(options.shards),
    replicas: Number(options.replicas),
    queries: Number(options.queries),
    serviceMs: Number(options['service-ms']),
  }
  const rows = []
  for (const servers of String(options.servers).split(','))
    rows.push(await measure({ ...shape, servers: Number(servers) }))
  return rows
}

async function measure(shape: Shape) {
  const index = await createCannedIndex(shape)
  const { servers, shards, replicas, serviceMs } = shape
  const asked = await measureQueries(shape, index)
  return { servers, shards, replicas, serviceMs, ...asked, viewChangeMs: measureViewChanges(shape) }
}

function entriesOf(servers: number): ServerEntry[] {
  return Array.from({ length: servers }, (_, at) => ({ address: `s${at}.test:7710`, weight: 1, zone: `z${at % 3}` }))
}

/** One query after the other. */
async function measureQueries(shape: Shape, index: CannedIndex) {
  const config = readConfig(coordinatorConfig, {
    HYPERSHARD_ENCODER: 'encoder.test:7720',
    HYPERSHARD_SHARD_SERVERS: 'in-this-process.test:7710',
    HYPERSHARD_STORE: 'in-this-process',
  })
  const connections = {
    openStore: async () => index.store,
    openMembership: () => new ChangingMembership(entriesOf(shape.servers)),
    connectEncoder: () => new FakeEncoder(),
    connectShardServer: (address: string) => cannedServer(address, index, shape.serviceMs),
  }
  const announcer = { tell: () => undefined, listen: () => undefined, hearing: false }
  const stops: (() => unknown)[] = []
  const telemetry = quietTelemetry()
  const coordinator = await assembleCoordinator(config, telemetry, { connections, announcer }, stops)
  try {
    const ask = async (at: number) => {
      const request = {
        query: `stars and ${at}`,
        k: hitsOfShard - 1,
        plan: 'exact',
        cache: false,
        profile: true,
      } as const
      const context = new RequestContext({ log: telemetry.log, deadline: Deadline.after(timeoutMs) })
      const { coverage, profile, tookMs } = await coordinator.search(searchInputOf('papers', request), context)
      if (coverage.missing.length > 0) throw new Error(`shards are missing: ${JSON.stringify(coverage.missing[0])}`)
      return { tookMs, mergeMs: profile!.mergeMs }
    }
    for (let at = 0; at < warmUpQueries; at++) await ask(-at)
    const before = process.cpuUsage()
    const beganMs = performance.now()
    const asked = []
    for (let at = 0; at < shape.queries; at++) asked.push(await ask(at))
    const { user, system } = process.cpuUsage(before)
    const queryMs = (performance.now() - beganMs) / shape.queries
    const cpuMs = (user + system) / 1_000 / shape.queries
    const mergeMs = median(asked.map(one => one.mergeMs))
    return { queryMs, cpuMs, cpuPercent: (100 * cpuMs) / queryMs, mergeMs }
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

/** A server leaves, or comes back: until it is known who holds every shard now. */
function measureViewChanges({ servers, shards, replicas }: Shape): number {
  const all = entriesOf(servers)
  const membership = new ChangingMembership(all)
  const index = { uid: 'papers', shards, replicas, shardBytes: new Array<number>(shards).fill(1) }
  const connect = (address: string) => cannedServer(address, { results: [] }, 0)
  const cluster = new Cluster({ membership, connect, replaceAfterMs: 30_000, log: silentLogger() })
  const placeAll = () => Array.from({ length: shards }, (_, shard) => cluster.holdersOf(index, shard))
  placeAll()
  const tookMs = Array.from({ length: viewChanges }, (_, at) => {
    const beganMs = performance.now()
    membership.name(all.filter((__, server) => server !== at % servers))
    placeAll()
    return performance.now() - beganMs
  })
  cluster.close()
  return median(tookMs)
}
