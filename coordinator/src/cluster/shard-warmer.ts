import { Deadline, HypershardError, type Logger } from '@hypershard/common'
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
  /** What it had all of when it was last asked. */
  complete: readonly CatalogEntry[] | undefined
}

/**
 * Sees to it that every live server has loaded the shards it holds, at the version that searches pin. It is asked
 * again after every health check, so a server that comes back is warm and complete without anyone touching anything.
 */
export class ShardWarmer {
  readonly #cluster: Cluster
  readonly #catalog: Catalog
  readonly #log: Logger
  /** Why a server could not load a shard the last time; at most one for each that it holds. */
  readonly #loadFailures = new WeakMap<ClusterMember, Map<string, ShardProblem>>()
  readonly #states = new WeakMap<ClusterMember, WarmingState>()

  constructor(cluster: Cluster, catalog: Catalog, log: Logger) {
    this.#cluster = cluster
    this.#catalog = catalog
    this.#log = log
  }

  /** Loads what a live server lacks; one such round a server at a time, later after a failure. Rejects only for a defect. */
  async warm(member: ClusterMember): Promise<void> {
    const state = this.#stateOf(member)
    const entries = this.#catalog.list()
    if (state.complete === entries) return
    if (state.running || !member.live || performance.now() < state.retryAtMs) return
    state.running = true
    try {
      let complete = true
      for (const entry of entries) {
        complete = (await this.#load(member, entry, Deadline.after(warmMsMax))) && complete
      }
      state.complete = complete ? entries : undefined
      state.failures = complete ? 0 : state.failures + 1
      const pauseMs = Math.min(retryMsMax, retryMsMin * 2 ** (state.failures - 1))
      state.retryAtMs = complete ? 0 : performance.now() + pauseMs
    } finally {
      state.running = false
    }
  }

  /**
   * Has every live holder load a manifest that is about to be published. Returns when all have answered or the
   * deadline passes; who failed is logged, and shows in the coverage of searches until `warm` has mended it.
   */
  async loadEverywhere(entry: CatalogEntry, deadline: Deadline): Promise<void> {
    await Promise.all(
      this.#cluster.members.map(async member => {
        if (member.live) await this.#load(member, entry, deadline)
        else
          this.#log.debug({ server: member.address, index: entry.record.name }, 'not loading documents: server is down')
      }),
    )
  }

  /** Shards with documents that no live holder has loaded. */
  coldShards(): ColdShard[] {
    return this.#catalog.list().flatMap(entry =>
      shardsWithDocuments(entry).flatMap(shard => {
        const holders = this.#cluster.holdersOf(placementOf(entry), shard)
        if (holders.some(member => member.live && isWarm(member, entry, shard))) return []
        return [{ index: entry.record.name, shard, servers: holders.map(member => member.address) }]
      }),
    )
  }

  /**
   * Why searches of this version do not find everything in it: a shard whose every holder is down, or could not load it.
   * One that is live and loads now answers when it has. Undefined when searches are complete.
   */
  whyIncomplete(entry: CatalogEntry): ShardProblem | undefined {
    for (const shard of shardsWithDocuments(entry)) {
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
    if (!member.live) return { code: 'unavailable', message: member.downReason ?? 'down' }
    if (isWarm(member, entry, shard)) return undefined
    return this.#loadFailures.get(member)?.get(shardKey(entry, shard))
  }

  #noteLoad(member: ClusterMember, entry: CatalogEntry, shard: number, problem: ShardProblem | undefined): void {
    const known = this.#loadFailures.get(member) ?? new Map<string, ShardProblem>()
    if (problem === undefined) known.delete(shardKey(entry, shard))
    else known.set(shardKey(entry, shard), { code: problem.code, message: problem.message })
    this.#loadFailures.set(member, known)
  }

  /** @returns whether the server has everything it holds of this index */
  async #load(member: ClusterMember, entry: CatalogEntry, deadline: Deadline): Promise<boolean> {
    const held = new Set(this.#cluster.shardsHeldBy(member, placementOf(entry)))
    const cold = shardsWithDocuments(entry).filter(shard => held.has(shard) && !isWarm(member, entry, shard))
    if (cold.length === 0) return true
    const { index, indexUid, generation, version } = entry.manifest
    const { life } = member
    const facts = { server: member.address, index, version, shards: cold }
    try {
      const manifest = { index, indexUid, generation, version }
      const prepared = await member.server.prepare({ manifest, shards: cold }, deadline)
      // If the process ended meanwhile, what it had loaded is gone.
      for (const { shard, error } of member.life === life ? prepared : []) {
        this.#noteLoad(member, entry, shard, error)
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
    return cold.every(shard => isWarm(member, entry, shard))
  }

  /** A server that came back starts afresh: the pause after a failure in its earlier life no longer applies. */
  #stateOf(member: ClusterMember): WarmingState {
    const known = this.#states.get(member)
    if (known !== undefined && (known.life === member.life || known.running)) return known
    const state = { life: member.life, running: false, failures: 0, retryAtMs: 0, complete: undefined }
    this.#states.set(member, state)
    return state
  }
}

/** Whether a shard is loaded on the server at the version that searches pin; one without documents always is. */
export function isWarm(member: ClusterMember, { manifest }: CatalogEntry, shard: number): boolean {
  if (eligibleByShard(manifest)[shard] === 0) return true
  return member.isWarm({ indexUid: generationUid(manifest), version: manifest.version, shard })
}

function shardKey({ manifest }: CatalogEntry, shard: number): string {
  return `${generationUid(manifest)}/${shard}`
}

function shardsWithDocuments({ manifest }: CatalogEntry): number[] {
  return [...eligibleByShard(manifest).entries()].flatMap(([shard, documents]) => (documents > 0 ? [shard] : []))
}
