import { setTimeout as wait } from 'node:timers/promises'
import type { Random, VirtualTime } from '@hypershard/harness'
import { checkServedAgain } from '@hypershard/harness/invariants'
import type { ServerEntry } from '@hypershard/membership'
import { FakeMembership } from '../fake-membership.ts'
import { Corpus } from './corpus.ts'
import { SimulatedCoordinator } from './simulated-coordinator.ts'
import { SimulatedHost } from './simulated-host.ts'
import { SimulatedNetwork } from './simulated-network.ts'

export interface Shape {
  readonly servers: number
  readonly zones: number
  readonly coordinators: number
  readonly shards: number
  readonly replicas: number
  readonly documents: number
}

/** Of the trace that a failure prints: the last events, and the last searches. */
const eventsMax = 60
const searchesMax = 6

/** The grace, and time to notice a loss and to load. */
export const servedAgainMs = 6_000

/** Hosts, coordinators, documents and time of one simulated cluster, and what is known of it in truth. */
export class World {
  readonly random: Random
  readonly shape: Shape
  readonly corpus: Corpus
  readonly network: SimulatedNetwork
  readonly hosts: SimulatedHost[] = []
  readonly coordinators: SimulatedCoordinator[] = []
  /** Which lie is told next. */
  lieTurn = 0
  /** When a shard may have been lost, in order. */
  readonly lossesMs: number[] = []
  /** What each coordinator is told of the servers there are. */
  readonly #memberships: FakeMembership[] = []
  readonly #time: VirtualTime
  readonly #events: string[] = []
  readonly #searches: string[] = []
  /** By query and version, and by shard: the most documents that a server really scored. */
  readonly #searched = new Map<string, Map<number, number>>()
  readonly #failed = Promise.withResolvers<never>()

  private constructor(random: Random, shape: Shape, time: VirtualTime, corpus: Corpus) {
    this.random = random
    this.shape = shape
    this.lieTurn = random.below(100)
    this.corpus = corpus
    this.#time = time
    this.network = new SimulatedNetwork(random, () => this.nowMs)
    this.#failed.promise.catch(() => undefined)
  }

  static async create(random: Random, shape: Shape, time: VirtualTime): Promise<World> {
    const world = new World(random, shape, time, await Corpus.create(random, shape))
    for (let at = 0; at < shape.servers; at++) world.addHost()
    for (let at = 0; at < shape.coordinators; at++) {
      const { corpus, network } = world
      const membership = new FakeMembership(world.entries)
      world.#memberships.push(membership)
      world.coordinators.push(await SimulatedCoordinator.start(`c${at}`, { corpus, network, membership }))
    }
    return world
  }

  get nowMs(): number {
    return this.#time.nowMs
  }

  /** Rejects once any check fails. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  fail(error: unknown): void {
    this.#failed.reject(error)
  }

  /** Notes something that happened. */
  trace(line: string): void {
    this.#events.push(this.#timed(line))
    if (this.#events.length > eventsMax) this.#events.shift()
  }

  traceSearch(line: string): void {
    this.#searches.push(this.#timed(line))
    if (this.#searches.length > searchesMax) this.#searches.shift()
  }

  /** What happened last, for a failure. */
  get lastLines(): string {
    return [...this.#events, ...this.#searches].join('\n')
  }

  #timed(line: string): string {
    return `${String(Math.round(this.nowMs)).padStart(8)} ${line}`
  }

  /** A machine more, with its process. @param memoryShare of what all documents take */
  addHost(memoryShare = 4): SimulatedHost {
    const at = this.hosts.length
    const memoryBytes = Math.floor(this.corpus.bytes * memoryShare)
    const shape = { address: `s${at}:1`, zone: `z${at % this.shape.zones}`, memoryBytes }
    const noteSearched = this.#noteSearched.bind(this)
    const host = new SimulatedHost(shape, this.network, { corpus: this.corpus, noteSearched })
    this.hosts.push(host)
    host.start()
    return host
  }

  /** The servers that membership names. */
  get entries(): ServerEntry[] {
    const named = this.hosts.filter(({ named }) => named).sort((a, b) => (a.address < b.address ? -1 : 1))
    return named.map(({ address, shape: { zone } }) => ({ address, weight: 1, zone }))
  }

  /** Coordinators hear which servers there are, each after a while of its own. */
  async tellMembers(): Promise<void> {
    const heard = this.#memberships.map(async membership => {
      await wait(this.random.below(1_000))
      membership.name(this.entries)
    })
    await Promise.all(heard)
  }

  /** A shard may be lost from now on. */
  noteLoss(what: string): void {
    this.trace(what)
    this.lossesMs.push(this.nowMs)
  }

  /** By shard, the documents of a version that some server really scored for a query. */
  searchedFor(query: string, version: number): ReadonlyMap<number, number> {
    return this.#searched.get(`${query}/${version}`) ?? new Map()
  }

  /** Shards that a coordinator found missing must have been lost lately. */
  noteMissing(shards: readonly number[]): void {
    const { nowMs, lossesMs } = this
    if (this.hosts.some(({ mood }) => mood.lie !== undefined)) lossesMs.push(nowMs)
    const unserved = shards.map(shard => ({ atMs: nowMs, shard }))
    checkServedAgain({ lossesMs, unserved, withinMs: servedAgainMs })
  }

  async stop(): Promise<void> {
    await Promise.all(this.coordinators.map(coordinator => coordinator.stop()))
  }

  #noteSearched(query: string, version: number, shard: number, documents: number): void {
    const key = `${query}/${version}`
    const searched = this.#searched.get(key) ?? new Map<number, number>()
    searched.set(shard, Math.max(documents, searched.get(shard) ?? 0))
    this.#searched.set(key, searched)
  }
}
