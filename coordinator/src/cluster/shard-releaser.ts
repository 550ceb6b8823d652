import { type Clock, Deadline, type Logger, systemClock } from '@hypershard/common'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import { failureFacts } from '../failure-facts.ts'
import type { Cluster } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'
import { placementOf } from './placement-of.ts'
import { shardsWithDocuments } from './shard-warmer.ts'

/** How long a server keeps a shard that is held elsewhere: other coordinators see the move later, and queries end. */
export const releaseAfterMs = 60_000
/** How often it is looked for what a server need not hold any more. */
export const lookEveryMs = 5_000
/** For a shard server to let go of shards. */
const releaseMsMax = 5_000
/** Servers before this version would let go of the whole generation. */
const protocolVersionMin = 2

export interface ReleaserParts {
  readonly cluster: Cluster
  readonly catalog: Pick<Catalog, 'list'>
  readonly log: Logger
  readonly clock?: Clock
}

/** A shard that a server need not hold any more, although it may. */
export interface UnneededShard {
  readonly entry: CatalogEntry
  readonly shard: number
  /** On the clock's monotonic scale. */
  readonly sinceMs: number
}

interface ReleaseState {
  readonly life: number
  lookedAtMs: number
  /** By which placement of which generations it was looked last. */
  ground: string
  /** By uid and shard: each until it is let go of, or needed again. */
  unneeded: ReadonlyMap<string, UnneededShard>
  /** What it has let go of, by uid and shard, unless it was loaded again. */
  released: ReadonlySet<string>
}

/**
 * Has servers let go of shards that others hold, some time after all of these have them loaded. It is asked after every
 * health check. What a server holds that this coordinator never had it load, because another one did or it was started
 * only now, is let go of too; a server keeps what somebody else asks for, and says so (`ReleaseResponse.kept`).
 */
export class ShardReleaser {
  readonly #parts: ReleaserParts
  readonly #clock: Clock
  readonly #states = new WeakMap<ClusterMember, ReleaseState>()

  constructor(parts: ReleaserParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? systemClock
  }

  /** What a server still holds, as far as this coordinator had it load it, and need not, with the time that it was seen. */
  unneededOf(member: ClusterMember): (Omit<UnneededShard, 'sinceMs'> & { readonly since: number })[] {
    const unneeded = [...(this.#states.get(member)?.unneeded.values() ?? [])]
    const loaded = unneeded.filter(({ entry, shard }) => member.warmShards(placementOf(entry).uid).has(shard))
    const startMs = this.#clock.now() - this.#clock.monotonicMs()
    return loaded.map(({ entry, shard, sinceMs }) => ({ entry, shard, since: startMs + sinceMs }))
  }

  /** Looks for what a live server need not hold any more, and has it let go of what it has not needed for long. */
  async release(member: ClusterMember): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const state = this.#stateOf(member)
    if (!member.live || nowMs - state.lookedAtMs < lookEveryMs) return
    state.lookedAtMs = nowMs
    this.#forgetUnserved(member)
    // What drains ends soon, or is taken back and goes on serving what it has.
    if (member.draining && this.#parts.cluster.isListed(member)) return
    if (!understands(member)) return
    const ground = this.#ground()
    if (state.ground === ground && state.unneeded.size === 0 && !this.#holdsMore(member)) return
    const { unneeded, released, settled } = this.#look(member, state, nowMs)
    state.ground = settled ? ground : ''
    state.unneeded = unneeded
    state.released = released
    const due = [...unneeded.values()].filter(({ sinceMs }) => nowMs - sinceMs >= releaseAfterMs)
    const byEntry = Map.groupBy(due, ({ entry }) => entry)
    for (const [entry, shards] of byEntry)
      await this.#releaseOf(
        member,
        entry,
        shards.map(({ shard }) => shard),
      )
  }

  /** The same while shards are placed alike: commits change nothing here. */
  #ground(): string {
    const { cluster, catalog } = this.#parts
    return `${cluster.revision} ${catalog.list().map(entry => placementOf(entry).uid)}`
  }

  /** Whether it has loaded a shard that is not placed on it, as who stands in for a server that died does. */
  #holdsMore(member: ClusterMember): boolean {
    const { cluster, catalog } = this.#parts
    return catalog.list().some(entry => {
      const placement = placementOf(entry)
      const warm = [...member.warmShards(placement.uid)]
      return warm.some(shard => !cluster.holdersOf(placement, shard).includes(member))
    })
  }

  #look(member: ClusterMember, state: ReleaseState, nowMs: number) {
    const { cluster, catalog } = this.#parts
    const unneeded = new Map<string, UnneededShard>()
    const released = new Set<string>()
    let settled = true
    for (const entry of catalog.list()) {
      const placement = placementOf(entry)
      const warm = member.warmShards(placement.uid)
      for (const shard of shardsWithDocuments(entry)) {
        if (cluster.holdersOf(placement, shard).includes(member)) continue
        if (!cluster.isSettled(placement, shard, entry.manifest.version)) {
          settled = false
          continue
        }
        const key = keyOf(placement.uid, shard)
        if (state.released.has(key) && !warm.has(shard)) released.add(key)
        else unneeded.set(key, { entry, shard, sinceMs: state.unneeded.get(key)?.sinceMs ?? nowMs })
      }
    }
    return { unneeded, released, settled }
  }

  async #releaseOf(member: ClusterMember, entry: CatalogEntry, shards: readonly number[]): Promise<void> {
    const { name, uid } = entry.record
    const { generation } = entry.manifest
    const { uid: generationUid } = placementOf(entry)
    const state = this.#stateOf(member)
    const facts = { server: member.address, index: name, generation, shards }
    // Before it is asked, so that no search of this coordinator begins there.
    member.markReleased(generationUid, shards)
    const waiting = new Map(state.unneeded)
    const nowMs = this.#clock.monotonicMs()
    for (const shard of shards) waiting.set(keyOf(generationUid, shard), { entry, shard, sinceMs: nowMs })
    state.unneeded = waiting
    try {
      const request = { name, uid, generation, shards }
      const kept = await member.server.release(request, Deadline.after(releaseMsMax))
      const gone = shards.filter(shard => !kept.includes(shard)).map(shard => keyOf(generationUid, shard))
      state.unneeded = new Map([...state.unneeded].filter(([key]) => !gone.includes(key)))
      state.released = new Set([...state.released, ...gone])
      this.#parts.log.debug({ ...facts, kept }, 'shards that are held elsewhere were let go of')
    } catch (error) {
      this.#parts.log.warn({ ...facts, ...failureFacts(error) }, 'letting go of shards that are held elsewhere failed')
    }
  }

  /** A server that leaves is let go of once it has nothing that searches may ask for. */
  #forgetUnserved(member: ClusterMember): void {
    const { cluster, catalog } = this.#parts
    if (cluster.isListed(member)) return
    const served = new Set(catalog.list().map(entry => placementOf(entry).uid))
    for (const uid of member.warmGenerations()) if (!served.has(uid)) member.markReleased(uid)
  }

  #stateOf(member: ClusterMember): ReleaseState {
    const known = this.#states.get(member)
    if (known?.life === member.life) return known
    const state = {
      life: member.life,
      lookedAtMs: Number.NEGATIVE_INFINITY,
      ground: '',
      unneeded: new Map<string, UnneededShard>(),
      released: new Set<string>(),
    }
    this.#states.set(member, state)
    return state
  }
}

function understands({ facts }: ClusterMember): boolean {
  return facts !== undefined && facts.protocolVersion >= protocolVersionMin
}

function keyOf(uid: string, shard: number): string {
  return `${uid}/${shard}`
}
