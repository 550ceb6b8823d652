import { type Clock, Deadline, HypershardError, type Logger, systemClock } from '@hypershard/common'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import { failureFacts } from '../failure-facts.ts'
import type { Cluster } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'
import { generationUid, placementOf } from './placement-of.ts'

/** A shard that some search may need and no live server has loaded. */
export interface ColdShard {
  readonly index: string
  readonly shard: number
  readonly servers: readonly string[]
}

/** Why a shard cannot be searched. */
export interface ShardProblem {
  readonly code: string
  readonly message: string
}

/** Loading all of a server's shards from the store after a restart. */
const warmMsMax = 600_000

/** Between attempts to load what a server could not load; doubled each time. */
const retryMsMin = 1_000
const retryMsMax = 60_000

/** What is under way for one server, in one of its lives, and when to try again. */
interface WarmingState {
  readonly life: number
  running: boolean
  failures: number
  retryAtMs: number
  /** What it had all of when it was last asked, and by which placement. */
  complete: readonly CatalogEntry[] | undefined
  revision: number
}

/** A shard that a live server is to hold and has not loaded. */
export interface LackedShard {
  readonly entry: CatalogEntry
  readonly shard: number
  /** When that was first seen, in milliseconds since the epoch. */
  readonly since: number
  readonly loading: boolean
  /** Why it could not be loaded the last time. */
  readonly problem: ShardProblem | undefined
}

/** What a server is asked to load in one call. */
interface LoadStep {
  readonly entry: CatalogEntry
  readonly shards: readonly number[]
}

/** What a server that joins loads at a time: the rest of the machine goes on serving, and a better order is seen soon. */
const shardsAtATimeMax = 8

/**
 * Sees to it that every live server has loaded the shards it holds, at the version that searches pin. It is asked
 * again after every health check, so a server that comes back is warm and complete without anyone touching anything.
 */
export class ShardWarmer {
  readonly #cluster: Cluster
  readonly #catalog: Pick<Catalog, 'list'>
  readonly #log: Logger
  readonly #clock: Clock
  /** Why a server could not load a shard the last time; at most one for each that it holds. */
  readonly #loadFailures = new WeakMap<ClusterMember, Map<string, ShardProblem>>()
  readonly #states = new WeakMap<ClusterMember, WarmingState>()
  /** When a shard was first found to be lacking, by uid and shard; and what is being loaded. */
  readonly #lacking = new WeakMap<ClusterMember, ReadonlyMap<string, number>>()
  readonly #loading = new WeakMap<ClusterMember, LoadStep>()

  constructor(cluster: Cluster, catalog: Pick<Catalog, 'list'>, log: Logger, clock: Clock = systemClock) {
    this.#cluster = cluster
    this.#catalog = catalog
    this.#log = log
    this.#clock = clock
  }

  /**
   * Loads what a live server lacks, in steps: after each it is seen anew what is placed on it, and what nobody else has
   * loaded comes first. One such round a server at a time, later after a failure. Rejects only for a defect.
   */
  async warm(member: ClusterMember): Promise<void> {
    const state = this.#stateOf(member)
    if (state.complete === this.#catalog.list() && state.revision === this.#cluster.revision) return
    if (state.running || !member.live || this.#clock.monotonicMs() < state.retryAtMs) return
    state.running = true
    try {
      const complete = await this.#loadInSteps(member, state)
      state.failures = complete ? 0 : state.failures + 1
      const pauseMs = Math.min(retryMsMax, retryMsMin * 2 ** (state.failures - 1))
      state.retryAtMs = complete ? 0 : this.#clock.monotonicMs() + pauseMs
    } finally {
      state.running = false
    }
  }

  /** @returns whether the server has everything now that is placed on it */
  async #loadInSteps(member: ClusterMember, state: WarmingState): Promise<boolean> {
    const tried = new Set<string>()
    while (member.live && member.life === state.life) {
      const entries = this.#catalog.list()
      const { revision } = this.#cluster
      const lacking = entries.map(entry => ({ entry, shards: this.#lackedBy(member, entry) }))
      this.#noteLacking(member, lacking)
      const step = nextStep(lacking, tried, (entry, shard) => this.#isServed(entry, shard))
      if (step === undefined) {
        const complete = lacking.every(({ shards }) => shards.length === 0)
        state.complete = complete ? entries : undefined
        state.revision = revision
        return complete
      }
      for (const shard of step.shards) tried.add(versionKey(step.entry, shard))
      this.#loading.set(member, step)
      await this.#load(member, step, Deadline.after(warmMsMax))
      this.#loading.delete(member)
    }
    return false
  }

  /** What a live server is to hold and has not loaded yet. */
  lackedBy(member: ClusterMember): LackedShard[] {
    if (!member.live) return []
    const since = this.#lacking.get(member)
    const step = this.#loading.get(member)
    return this.#catalog.list().flatMap(entry =>
      this.#lackedBy(member, entry).map(shard => {
        const key = shardKey(entry, shard)
        const loading = step?.entry === entry && step.shards.includes(shard)
        const problem = this.#loadFailures.get(member)?.get(key)
        return { entry, shard, since: since?.get(key) ?? this.#clock.now(), loading, problem }
      }),
    )
  }

  #noteLacking(member: ClusterMember, lacking: readonly LoadStep[]): void {
    const before = this.#lacking.get(member)
    const keys = lacking.flatMap(({ entry, shards }) => shards.map(shard => shardKey(entry, shard)))
    this.#lacking.set(member, new Map(keys.map(key => [key, before?.get(key) ?? this.#clock.now()])))
  }

  /**
   * Has a manifest loaded that is about to be published, by those who serve the version before it: also by those that
   * the shard is moving away from, so that searches find it warm all the time, while who joins loads it later. What
   * nobody of them has is loaded by every live holder. Returns when all have answered or the deadline passes; who failed is
   * logged, and shows in the coverage of searches until `warm` has mended it.
   */
  async loadEverywhere(entry: CatalogEntry, deadline: Deadline): Promise<void> {
    const { members } = this.#cluster
    for (const { live, address } of members) {
      if (live) continue
      this.#log.debug({ server: address, index: entry.record.name }, 'not loading documents: server is down')
    }
    const load = async (shardsOf: (member: ClusterMember) => number[]) => {
      const live = members.filter(member => member.live)
      await Promise.all(live.map(member => this.#load(member, { entry, shards: shardsOf(member) }, deadline)))
    }
    await load(member => this.#servedBy(member, entry))
    const tried = new WeakMap<ClusterMember, number[]>()
    const untried = (member: ClusterMember) => {
      const before = tried.get(member) ?? []
      const unserved = this.#lackedBy(member, entry).filter(shard => !this.#isServed(entry, shard))
      return unserved.filter(shard => !before.includes(shard))
    }
    // A server without memory for a shard makes another one its holder: at most as often as there are servers.
    while (
      !deadline.passed &&
      !deadline.cancelled &&
      members.some(member => member.live && untried(member).length > 0)
    ) {
      await load(member => {
        const shards = untried(member)
        tried.set(member, [...(tried.get(member) ?? []), ...shards])
        return shards
      })
    }
  }

  /**
   * The shards of an entry that a server has not loaded and is to: those that are placed on it, and those that it has at
   * another version while nobody has them at this one, as when their new holder dies.
   */
  #lackedBy(member: ClusterMember, entry: CatalogEntry): number[] {
    const placement = placementOf(entry)
    const held = new Set(this.#cluster.shardsHeldBy(member, placement))
    const known = member.warmShards(placement.uid)
    const standsIn = (shard: number) =>
      known.has(shard) &&
      !this.#isServed(entry, shard) &&
      !this.#cluster.isRefused(placement.uid, shard, member.address)
    return shardsWithDocuments(entry).filter(
      shard => (held.has(shard) || standsIn(shard)) && !isWarm(member, entry, shard),
    )
  }

  /** The shards of an entry that a server lacks at this version and has at another, and that searches may need it for. */
  #servedBy(member: ClusterMember, entry: CatalogEntry): number[] {
    const known = member.warmShards(generationUid(entry.manifest))
    if (known.size === 0) return []
    const placement = placementOf(entry)
    return shardsWithDocuments(entry).filter(shard => {
      if (!known.has(shard) || isWarm(member, entry, shard)) return false
      const holders = this.#cluster.holdersOf(placement, shard)
      return holders.includes(member) || !holders.every(holder => holder.live && isKnownTo(holder, entry, shard))
    })
  }

  #isServed({ manifest }: CatalogEntry, shard: number): boolean {
    return this.#cluster.warmHoldersOf(generationUid(manifest), manifest.version, shard).length > 0
  }

  /** Shards with documents that no live server has loaded. */
  coldShards(): ColdShard[] {
    return this.#catalog.list().flatMap(entry =>
      shardsWithDocuments(entry).flatMap(shard => {
        if (this.#isServed(entry, shard)) return []
        const holders = this.#cluster.holdersOf(placementOf(entry), shard)
        return [{ index: entry.record.name, shard, servers: holders.map(member => member.address) }]
      }),
    )
  }

  /**
   * Why searches of this version do not find everything in it: a shard that nobody has loaded and whose every holder is
   * down, or could not load it. One that is live and loads now answers when it has. Undefined when searches are complete.
   */
  whyIncomplete(entry: CatalogEntry): ShardProblem | undefined {
    for (const shard of shardsWithDocuments(entry)) {
      if (this.#isServed(entry, shard)) continue
      const holders = this.#cluster.holdersOf(placementOf(entry), shard)
      const problems = holders.map(member => this.#problemOf(member, entry, shard))
      const [first] = problems
      if (first === undefined || problems.includes(undefined)) continue
      const { message, code } = first
      return { code, message: `shard ${shard} cannot be searched: ${holders[0]!.address}: ${message}` }
    }
    return undefined
  }

  #problemOf(member: ClusterMember, entry: CatalogEntry, shard: number): ShardProblem | undefined {
    if (!member.live) return { code: 'unavailable', message: member.downReason }
    if (isWarm(member, entry, shard)) return undefined
    return this.#loadFailures.get(member)?.get(shardKey(entry, shard))
  }

  #noteLoad(member: ClusterMember, entry: CatalogEntry, shard: number, problem: ShardProblem | undefined): void {
    const known = this.#loadFailures.get(member) ?? new Map<string, ShardProblem>()
    if (problem === undefined) known.delete(shardKey(entry, shard))
    else known.set(shardKey(entry, shard), { code: problem.code, message: problem.message })
    this.#loadFailures.set(member, known)
  }

  /** Notes which of the shards the server has loaded, and what is wrong with the others. */
  async #load(member: ClusterMember, { entry, shards: cold }: LoadStep, deadline: Deadline): Promise<void> {
    if (cold.length === 0) return
    const { index, indexUid, generation, version } = entry.manifest
    const { life } = member
    const facts = { server: member.address, index, version, shards: cold }
    try {
      const manifest = { index, indexUid, generation, version }
      const prepared = await member.server.prepare({ manifest, shards: [...cold] }, deadline)
      // If the process ended meanwhile, what it had loaded is gone.
      for (const { shard, error, noRoom } of member.life === life ? prepared : []) {
        this.#noteLoad(member, entry, shard, error)
        if (noRoom) this.#noteRefused(member, entry, shard)
        if (error === undefined) member.markWarm({ indexUid: generationUid(entry.manifest), version, shard })
      }
      const failed = prepared.filter(({ error }) => error !== undefined)
      if (failed.length > 0) this.#log.warn({ ...facts, failed }, 'shards could not be loaded')
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      for (const shard of cold) this.#noteLoad(member, entry, shard, error)
      // That a server is away is told by its health checks, once.
      const level = error.code === 'unavailable' ? 'debug' : 'warn'
      this.#log[level]({ ...facts, ...failureFacts(error) }, 'shards could not be loaded')
    }
  }

  #noteRefused(member: ClusterMember, entry: CatalogEntry, shard: number): void {
    const { uid, shardBytes } = placementOf(entry)
    this.#cluster.noteRefused({ uid, shard, member, neededBytes: shardBytes[shard] ?? 0 })
  }

  /** A server that came back starts afresh: the pause after a failure in its earlier life no longer applies. */
  #stateOf(member: ClusterMember): WarmingState {
    const known = this.#states.get(member)
    if (known !== undefined && (known.life === member.life || known.running)) return known
    const { life } = member
    const state = { life, running: false, failures: 0, retryAtMs: 0, complete: undefined, revision: -1 }
    this.#states.set(member, state)
    return state
  }
}

/** Whether a shard is loaded on the server at the version that searches pin; one without documents always is. */
export function isWarm(member: ClusterMember, { manifest }: CatalogEntry, shard: number): boolean {
  if (eligibleByShard(manifest)[shard] === 0) return true
  return member.isWarm({ indexUid: generationUid(manifest), version: manifest.version, shard })
}

/** Whether the server has the shard loaded at any version, so that it will soon have it at the newest. */
function isKnownTo(member: ClusterMember, { manifest }: CatalogEntry, shard: number): boolean {
  return member.warmShards(generationUid(manifest)).has(shard)
}

/** What to load next: shards that nobody has loaded before those that only move, each once in a round. */
function nextStep(
  lacking: readonly LoadStep[],
  tried: ReadonlySet<string>,
  isServed: (entry: CatalogEntry, shard: number) => boolean,
): LoadStep | undefined {
  const untried = lacking.map(({ entry, shards }) => {
    const left = shards.filter(shard => !tried.has(versionKey(entry, shard)))
    return { entry, shards: left, unserved: left.filter(shard => !isServed(entry, shard)) }
  })
  const urgent = untried.find(({ unserved }) => unserved.length > 0)
  const next = urgent ?? untried.find(({ shards }) => shards.length > 0)
  if (next === undefined) return undefined
  const shards = urgent === undefined ? next.shards : urgent.unserved
  return { entry: next.entry, shards: shards.slice(0, shardsAtATimeMax) }
}

function versionKey(entry: CatalogEntry, shard: number): string {
  return `${shardKey(entry, shard)}@${entry.manifest.version}`
}

function shardKey({ manifest }: CatalogEntry, shard: number): string {
  return `${generationUid(manifest)}/${shard}`
}

/** Those that searches ask for, ascending. */
export function shardsWithDocuments({ manifest }: CatalogEntry): number[] {
  return [...eligibleByShard(manifest).entries()].flatMap(([shard, documents]) => (documents > 0 ? [shard] : []))
}
