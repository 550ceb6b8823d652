import { setImmediate } from 'node:timers/promises'
import { type Clock, Deadline, silentLogger } from '@hypershard/common'
import type { ManifestReference, PreparedShard } from '@hypershard/proto/shard'
import { rowBytesOf } from '@hypershard/storage'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import { Cluster } from '../cluster/cluster.ts'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { isNeeded } from '../cluster/is-needed.ts'
import { placementOf } from '../cluster/placement-of.ts'
import { ShardReleaser } from '../cluster/shard-releaser.ts'
import { ShardWarmer } from '../cluster/shard-warmer.ts'
import { FakeMembership } from './fake-membership.ts'
import { FakeShardServer } from './fake-shard-server.ts'

/** A clock that stands still until it is told to go on. */
export class HandClock implements Clock {
  ms = 0

  now(): number {
    return Date.UTC(2026, 0, 1) + this.ms
  }

  monotonicMs(): number {
    return this.ms
  }
}

const shape = { documents: 5, vectorWidth: 4 }
/** What each shard of the index takes, by its manifest. */
export const shardBytes = rowBytesOf(shape, 'memory')
/** How long a server keeps a shard that was asked for, as a real one does. */
const askedLatelyMs = 30_000
/** Turns of the event loop for what a server that answers at once was asked. */
const turns = 12

/** A shard server whose loads can be held up, which has room for so many shards, and keeps what was asked for lately. */
export class DrivenServer extends FakeShardServer {
  closed = false
  /** Coordinators that cannot reach it. */
  readonly cutOff = new Set<string>()
  readonly #clock: Clock
  readonly #askedMs = new Map<string, number>()
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined

  constructor(address: string, clock: Clock) {
    super(address, () => {
      throw new Error('nothing is read')
    })
    this.#clock = clock
    this.beforePrepare = async () => this.#gate?.opened
  }

  /** Loads wait from now on, until `openGate`. */
  shutGate(): void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gate ??= { opened: promise, open: resolve }
  }

  openGate(): void {
    this.#gate?.open()
    this.#gate = undefined
  }

  /** Somebody searches a shard, which is loaded first if it must. @returns whether it was loaded before */
  touch({ indexUid, generation, version }: ManifestReference, shard: number): boolean {
    const key = `${indexUid}/${generation}/${shard}`
    const versions = this.loaded.get(key) ?? new Set()
    const wasLoaded = versions.has(version)
    this.#askedMs.set(key, this.#clock.monotonicMs())
    this.loaded.set(key, new Set(versions).add(version))
    return wasLoaded
  }

  has({ indexUid, generation, version }: ManifestReference, shard: number): boolean {
    return this.loaded.get(`${indexUid}/${generation}/${shard}`)?.has(version) === true
  }

  override async prepare(
    request: { manifest: ManifestReference; shards: readonly number[] },
    deadline: Deadline,
  ): Promise<PreparedShard[]> {
    const { life } = this
    const { indexUid, generation } = request.manifest
    const answer = await super.prepare(request, deadline)
    for (const shard of request.shards)
      this.#askedMs.set(`${indexUid}/${generation}/${shard}`, this.#clock.monotonicMs())
    // The process that had begun to load is gone, and so is what it has loaded.
    if (this.life !== life) this.loaded.clear()
    return answer
  }

  override async release(request: { uid: string; generation?: number; shards?: readonly number[] }): Promise<number[]> {
    for (const shard of request.shards ?? []) {
      const askedMs = this.#askedMs.get(`${request.uid}/${request.generation}/${shard}`)
      if (askedMs !== undefined && this.#clock.monotonicMs() - askedMs < askedLatelyMs) this.keptShards.add(shard)
      else this.keptShards.delete(shard)
    }
    return super.release(request)
  }

  override close(): void {
    this.closed = true
  }
}

/** One index of some shards, all with documents, at a version that grows. */
export class DrivenCatalog {
  #list: readonly CatalogEntry[]

  constructor(shape: { readonly shards: number; readonly replicas: number }) {
    this.#list = [entryAt(1, shape)]
  }

  get entry(): CatalogEntry {
    return this.#list[0]!
  }

  list(): readonly CatalogEntry[] {
    return this.#list
  }

  next(): CatalogEntry {
    const { record, manifest } = this.entry
    return entryAt(manifest.version + 1, { shards: manifest.shards, replicas: record.replicas })
  }

  publish(entry: CatalogEntry): void {
    if (entry.manifest.version > this.entry.manifest.version) this.#list = [entry]
  }
}

function entryAt(version: number, { shards, replicas }: { shards: number; replicas: number }): CatalogEntry {
  const manifest = {
    index: 'papers',
    indexUid: 'u',
    generation: 1,
    version,
    shards,
    vectorWidth: shape.vectorWidth,
    segments: Array.from({ length: shards }, (_, shard) => ({ shard, documents: shape.documents, deleted: null })),
  }
  const record = { uid: 'u', name: 'papers', shards, replicas }
  const generation = { index: 'papers', indexUid: 'u', generation: 1, shards }
  return { record, generation, manifest } as unknown as CatalogEntry
}

/** A coordinator's cluster with all that works on it, whose health checks are made when a test says so. */
export class DrivenCoordinator {
  readonly name: string
  readonly cluster: Cluster
  readonly warmer: ShardWarmer
  readonly releaser: ShardReleaser
  readonly catalog: DrivenCatalog
  readonly #servers: ReadonlyMap<string, DrivenServer>
  readonly #lives = new Map<string, string>()

  constructor(
    name: string,
    parts: {
      readonly servers: ReadonlyMap<string, DrivenServer>
      readonly membership: FakeMembership
      readonly clock: Clock
      readonly catalog: DrivenCatalog
      readonly random: () => number
    },
  ) {
    const { servers, membership, clock, catalog, random } = parts
    const log = silentLogger()
    this.name = name
    this.catalog = catalog
    this.#servers = servers
    this.cluster = new Cluster({
      membership,
      connect: address => servers.get(address)!,
      replaceAfterMs: 30_000,
      log,
      clock,
      random,
    })
    const ofCatalog = catalog as Pick<Catalog, 'list'>
    this.warmer = new ShardWarmer(this.cluster, ofCatalog, log, clock)
    this.releaser = new ShardReleaser({ cluster: this.cluster, catalog: ofCatalog, log, clock })
  }

  /** Each server is asked how it does, as health checks do it, and what comes of that has begun when this ends. */
  async check(): Promise<void> {
    for (const member of [...this.cluster.members]) {
      this.#ask(member)
      this.cluster.refresh()
      if (!member.live) continue
      void this.warmer.warm(member)
      void this.releaser.release(member)
    }
    await settle()
  }

  isNeeded(address: string): boolean {
    const member = this.cluster.members.find(candidate => candidate.address === address)
    return (
      member !== undefined &&
      isNeeded(member, { cluster: this.cluster, catalog: this.catalog as Pick<Catalog, 'list'> })
    )
  }

  /** A new version is loaded and published, as the watcher of the store does it. */
  async commit(entry: CatalogEntry): Promise<void> {
    await this.warmer.loadEverywhere(entry, Deadline.after(60_000))
    this.catalog.publish(entry)
  }

  /** The addresses in the order to ask them for a shard at the version that searches pin. */
  route(shard: number): readonly ClusterMember[] {
    const { entry } = this.catalog
    return this.cluster.routeOf(placementOf(entry), shard, entry.manifest.version)
  }

  holders(shard: number): string[] {
    return this.cluster.holdersOf(placementOf(this.catalog.entry), shard).map(({ address }) => address)
  }

  #ask(member: ClusterMember): void {
    const server = this.#servers.get(member.address)!
    if (server.down || server.cutOff.has(this.name)) {
      member.markDown('refused')
      return
    }
    if (this.#lives.get(member.address) !== server.life && member.live) member.markDown('it was started again')
    this.#lives.set(member.address, server.life)
    const memoryBytes = server.roomMax * shardBytes
    const memoryFreeBytes = Math.max(0, (server.roomMax - server.loaded.size) * shardBytes)
    member.markLive({ ...server.facts, memoryBytes, memoryFreeBytes })
  }
}

/** What was begun goes on as far as it can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate()
}

/** So many servers, all named, and a coordinator of them. */
export function driveCluster(shape: {
  readonly servers: number
  readonly shards: number
  readonly replicas: number
  readonly coordinators?: number
  readonly random?: () => number
}) {
  const clock = new HandClock()
  const servers = new Map<string, DrivenServer>()
  const addServer = () => {
    const server = new DrivenServer(`s${servers.size}:1`, clock)
    servers.set(server.address, server)
    return server
  }
  for (let at = 0; at < shape.servers; at++) addServer()
  const membership = new FakeMembership(entriesOf([...servers.keys()]))
  const coordinators = Array.from(
    { length: shape.coordinators ?? 1 },
    (_, at) =>
      new DrivenCoordinator(`c${at}`, {
        servers,
        membership,
        clock,
        catalog: new DrivenCatalog(shape),
        random: shape.random ?? Math.random,
      }),
  )
  /** Lets time pass, with a health check of every server by every coordinator each half second, or as told. */
  const pass = async (ms: number, everyMs = 500) => {
    for (const endMs = clock.ms + ms; clock.ms < endMs; ) {
      clock.ms += Math.min(everyMs, endMs - clock.ms)
      for (const coordinator of coordinators) await coordinator.check()
    }
  }
  const name = (...addresses: string[]) => membership.name(entriesOf(addresses))
  return { clock, servers, addServer, membership, coordinators, coordinator: coordinators[0]!, pass, name }
}

function entriesOf(addresses: readonly string[]) {
  return addresses.map(address => ({ address, weight: 1, zone: '' }))
}
