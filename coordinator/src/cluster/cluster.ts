import { type Clock, type Logger, systemClock } from '@hypershard/common'
import type { MembershipSource, MembershipView, ServerEntry } from '@hypershard/membership'
import { LRUCache } from 'lru-cache'
import type { ShardServerPort } from '../ports.ts'
import { orderReplicas } from '../search/replica-choice.ts'
import { type AskingOrder, askingOrder, isSettled } from './asking-order.ts'
import { ClusterMember } from './cluster-member.ts'
import { effectiveServers } from './effective-view.ts'
import { placeShards } from './place-shards.ts'
import { costsOf } from './placement-cost.ts'
import { type IndexPlacement, isOfIndex } from './placement-of.ts'
import { type Refusal, RefusedShards } from './refused-shards.ts'

export interface ClusterParts {
  readonly membership: MembershipSource
  /** How a server is reached. */
  readonly connect: (address: string) => ShardServerPort
  /** How long a server may be away before others load its shards. */
  readonly replaceAfterMs: number
  readonly log: Logger
  readonly clock?: Clock
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

/** Hears which servers are to be watched. Must not throw. */
export interface MemberListener {
  joined(member: ClusterMember): void
  left(member: ClusterMember): void
}

/** Where the shards of a generation are, and what that was found for. */
interface Placed {
  /** The last value that it was asked for; others of the same key are placed alike. */
  index: IndexPlacement
  readonly key: string
  /** By shard; without those that refused it. */
  readonly holders: readonly (readonly ClusterMember[])[]
  /** By shard, as if nobody had refused any; made once somebody asks. */
  preferred: readonly (readonly ClusterMember[])[] | undefined
}

/** A shard that fewer servers have memory for than are to hold it. */
export interface UnplacedShard {
  readonly shard: number
  readonly neededBytes: number
  /** How many servers are to hold it, and how many have the memory. */
  readonly replicas: number
  readonly placed: number
  readonly servers: readonly { readonly address: string; readonly freeBytes: number | null }[]
}

/** Versions of generations whose warm holders are kept in lists; more are pinned by cursors alone. */
const warmListsMax = 1_024

/**
 * The shard servers and which of them hold what. The membership source names them; `refresh`, after every health check,
 * makes of that the effective view, which shards are placed by. A server that is not named any more goes on serving what
 * it has loaded until it has been let go of or is gone.
 */
export class Cluster {
  readonly #parts: ClusterParts
  readonly #clock: Clock
  readonly #random: () => number
  /** By address: those that the source names, and those that leave. */
  readonly #members = new Map<string, ClusterMember>()
  readonly #listeners = new Set<MemberListener>()
  readonly #unfollow: () => void
  /** Of the view that this coordinator began with: these are waited for as if they had lived before. */
  readonly #first: ReadonlySet<string>
  #list: readonly ClusterMember[] = []
  #listed: MembershipView
  #view: MembershipView = { number: 0, servers: [] }
  #someLiveSinceMs: number | undefined
  /** When each server of the effective view came into it, in milliseconds since the epoch. */
  #placedSince: ReadonlyMap<string, number> = new Map()
  #revision = 0
  /** A placement is a value of the view. By index uid; as many entries as indexes are in use, dropped by `forgetIndex`. */
  readonly #placements = new Map<string, Placed>()
  readonly #refused = new RefusedShards()
  /** By index uid and version: the live servers that have each shard loaded. Made anew once any server changed. */
  readonly #warm = new LRUCache<string, ReadonlyMap<number, readonly ClusterMember[]>>({ max: warmListsMax })
  /** The list that was asked for last: a query asks for one of each of its shards. */
  #lastWarm: { indexUid: string; version: number; lists: ReadonlyMap<number, readonly ClusterMember[]> } | undefined
  /** Of each list of warm holders, for as long as it is kept: made anew with it, and where shards are placed elsewhere. */
  readonly #orders = new WeakMap<object, { readonly placed: unknown; readonly byShard: Map<number, AskingOrder> }>()

  constructor(parts: ClusterParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? systemClock
    this.#random = parts.random ?? Math.random
    this.#listed = parts.membership.currentView()
    this.#first = addressesOf(this.#listed.servers)
    this.#unfollow = parts.membership.follow(view => this.#follow(view))
    parts.membership.askBeforeLeaving(address => this.#members.get(address)?.live !== true)
    this.#follow(this.#listed)
  }

  /** The effective view: the servers that shards are placed on. */
  get view(): MembershipView {
    return this.#view
  }

  /** The servers of the effective view. */
  get placeable(): readonly ClusterMember[] {
    return this.#view.servers.map(({ address }) => this.#members.get(address)!)
  }

  /** Since when shards are placed on a server, in milliseconds since the epoch; undefined while none are. */
  placedSince(address: string): number | undefined {
    return this.#placedSince.get(address)
  }

  /** Another number once any shard may have been placed elsewhere. */
  get revision(): number {
    return this.#revision
  }

  /** All servers that may be asked: those of the source's view, and those that are leaving. */
  get members(): readonly ClusterMember[] {
    return this.#list
  }

  /** Has later arrivals and departures of servers told. @returns what ends it */
  followMembers(listener: MemberListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whether the membership source names the server now. */
  isListed(member: ClusterMember): boolean {
    return this.#listed.servers.some(({ address }) => address === member.address)
  }

  /** To be called after each health check: what a server said, and time that passed, may change the effective view. */
  refresh(): void {
    this.#noteSomeLive()
    this.#dropDeparted()
    for (const uid of this.#refused.review(this.#clock.monotonicMs())) this.#placeAnew(uid)
    const { replaceAfterMs } = this.#parts
    const grace = { nowMs: this.#clock.monotonicMs(), replaceAfterMs, someLiveSinceMs: this.#someLiveSinceMs }
    const listed = this.#listed.servers.map(({ address }) => {
      const { weight, zone, life, live, draining, downSinceMs } = this.#members.get(address)!
      const unseen = life === 0 && !this.#first.has(address)
      return { address, weight, zone, unseen, live, draining, downSinceMs }
    })
    const servers = effectiveServers(listed, grace)
    if (areSame(servers, this.#view.servers)) return
    this.#tellChange(servers)
    this.#view = { number: this.#view.number + 1, servers }
    const since = servers.map(({ address }) => [address, this.placedSince(address) ?? this.#clock.now()] as const)
    this.#placedSince = new Map(since)
    this.#revision++
    this.#placements.clear()
  }

  /** A server has no memory for a shard: the next one is to hold it. */
  noteRefused(refusal: Refusal): void {
    this.#refused.note(refusal, this.#clock.monotonicMs())
    this.#placeAnew(refusal.uid)
  }

  /** Whether a server said that it has no memory for a shard. */
  isRefused(uid: string, shard: number, address: string): boolean {
    return this.#refused.has(uid, shard, address)
  }

  /** Shards that fewer servers have memory for than are to hold them. */
  unplacedShards(index: IndexPlacement): UnplacedShard[] {
    const servers = this.placeable
    const replicas = Math.min(index.replicas, servers.length)
    return this.#placementOf(index).flatMap((holders, shard) => {
      if (holders.length >= replicas) return []
      const refusing = servers.filter(({ address }) => this.#refused.has(index.uid, shard, address))
      const free = refusing.map(({ address, facts }) => ({ address, freeBytes: facts?.memoryFreeBytes ?? null }))
      return [{ shard, neededBytes: index.shardBytes[shard] ?? 0, replicas, placed: holders.length, servers: free }]
    })
  }

  /** A server was found to be down: who names the servers may know better by now. */
  lookSoon(): void {
    this.#parts.membership.lookSoon()
  }

  /** The servers that are to hold a shard, by preference alone, live or not. */
  holdersOf(index: IndexPlacement, shard: number): readonly ClusterMember[] {
    return this.#placementOf(index)[shard] ?? []
  }

  /** The live servers that have a shard loaded at a version, whichever view they are of. */
  warmHoldersOf(indexUid: string, version: number, shard: number): readonly ClusterMember[] {
    return this.#warmLists(indexUid, version).get(shard) ?? []
  }

  /** Whether every server that is to hold a shard lives and has it loaded: others that have it are not needed any more. */
  isSettled(index: IndexPlacement, shard: number, version: number): boolean {
    return isSettled(this.holdersOf(index, shard), this.warmHoldersOf(index.uid, version, shard))
  }

  /**
   * The servers to ask for a shard, in order: those that have it loaded at the version to be searched, in whichever view
   * it was placed on them; then the other live ones that are to hold it, which must load it first; then those that are
   * down. Those that hold it no longer come after the others once all others have it.
   */
  routeOf(index: IndexPlacement, shard: number, version: number): readonly ClusterMember[] {
    const { first, last, cold, down } = this.#orderOf(index, shard, version)
    if (first.length === 1 && last.length + cold.length + down.length === 0) return first
    const nowMs = this.#clock.monotonicMs()
    const route = orderReplicas(first, this.#random, nowMs)
    if (last.length > 0) route.push(...orderReplicas(last, this.#random, nowMs))
    if (cold.length > 0) route.push(...orderReplicas(cold, this.#random, nowMs))
    route.push(...down)
    return route
  }

  /** Of the live servers that have a shard loaded, those that come first in its route: they differ in their load alone. */
  firstToAsk(index: IndexPlacement, shard: number, version: number): readonly ClusterMember[] {
    return this.#orderOf(index, shard, version).first
  }

  /** Which shards of the index are placed on the member, ascending. */
  shardsHeldBy(member: ClusterMember, index: IndexPlacement): number[] {
    const held: number[] = []
    for (const [shard, holders] of this.#placementOf(index).entries()) if (holders.includes(member)) held.push(shard)
    return held
  }

  /** Ends the connections to all servers. */
  close(): void {
    this.#unfollow()
    for (const { server } of this.members) server.close()
  }

  forgetIndex(indexUid: string): void {
    for (const uid of this.#placements.keys()) if (isOfIndex(uid, indexUid)) this.#placements.delete(uid)
    this.#refused.forgetIndex(indexUid)
    for (const member of this.members) member.forgetIndex(indexUid)
  }

  /** Each server that the source names has a member from now on. */
  #follow(view: MembershipView): void {
    this.#listed = view
    const joined: ClusterMember[] = []
    for (const { address, weight, zone } of view.servers) {
      const known = this.#members.get(address)
      const member = known ?? this.#newMember(address, weight)
      member.weight = weight
      member.listedZone = zone
      if (known === undefined) joined.push(member)
    }
    this.#list = [...this.#members.values()]
    for (const member of joined) for (const listener of this.#listeners) listener.joined(member)
    this.refresh()
  }

  #newMember(address: string, weight: number): ClusterMember {
    const { connect } = this.#parts
    const onChange = () => {
      this.#warm.clear()
      this.#lastWarm = undefined
    }
    const member = new ClusterMember(connect(address), weight, { clock: this.#clock, onChange })
    this.#members.set(address, member)
    return member
  }

  #noteSomeLive(): void {
    const someLive = this.members.some(({ live }) => live)
    if (!someLive) this.#someLiveSinceMs = undefined
    else this.#someLiveSinceMs ??= this.#clock.monotonicMs()
  }

  /** Servers that are not named any more and have nothing left to do, or are gone for longer than the grace. */
  #dropDeparted(): void {
    const named = new Set(this.#listed.servers.map(({ address }) => address))
    for (const member of this.members) {
      if (named.has(member.address) || !this.#isDone(member)) continue
      this.#members.delete(member.address)
      this.#list = [...this.#members.values()]
      member.server.close()
      for (const listener of this.#listeners) listener.left(member)
      this.#parts.log.info({ server: member.address }, 'a shard server that left the membership view is let go of')
    }
  }

  #isDone(member: ClusterMember): boolean {
    if (member.downSinceMs === undefined) return member.holdsNothing && member.outstanding === 0
    return this.#clock.monotonicMs() - member.downSinceMs >= this.#parts.replaceAfterMs
  }

  #tellChange(servers: readonly ServerEntry[]): void {
    const before = addressesOf(this.#view.servers)
    const now = addressesOf(servers)
    const facts = { view: this.#view.number + 1, servers: now.size }
    const joined = [...now].filter(address => !before.has(address))
    const left = [...before].filter(address => !now.has(address))
    this.#parts.log.info({ ...facts, joined, left }, 'shards are placed by a new membership view')
  }

  #warmLists(indexUid: string, version: number): ReadonlyMap<number, readonly ClusterMember[]> {
    const last = this.#lastWarm
    if (last !== undefined && last.version === version && last.indexUid === indexUid) return last.lists
    const key = `${indexUid}@${version}`
    const lists = this.#warm.get(key) ?? this.#listWarm(indexUid, version)
    this.#warm.set(key, lists)
    this.#lastWarm = { indexUid, version, lists }
    return lists
  }

  /** A query asks for one of each of its shards, and until a server changes the next query is told the same. */
  #orderOf(index: IndexPlacement, shard: number, version: number): AskingOrder {
    const placed = this.#placementOf(index)
    const warm = this.#warmLists(index.uid, version)
    const kept = this.#orders.get(warm)
    const { byShard } = kept?.placed === placed ? kept : { byShard: new Map<number, AskingOrder>() }
    if (kept?.byShard !== byShard) this.#orders.set(warm, { placed, byShard })
    const known = byShard.get(shard)
    if (known !== undefined) return known
    const [holders, loaded] = [placed[shard] ?? [], warm.get(shard) ?? []]
    const order = askingOrder(holders.length + loaded.length > 0 ? holders : this.#preferredOf(index, shard), loaded)
    byShard.set(shard, order)
    return order
  }

  #listWarm(indexUid: string, version: number): Map<number, ClusterMember[]> {
    const lists = new Map<number, ClusterMember[]>()
    for (const member of this.members) {
      if (!member.live) continue
      for (const shard of member.warmAt(indexUid, version)) {
        const list = lists.get(shard)
        if (list === undefined) lists.set(shard, [member])
        else list.push(member)
      }
    }
    return lists
  }

  #placementOf(index: IndexPlacement): readonly (readonly ClusterMember[])[] {
    const known = this.#placements.get(index.uid)
    if (known?.index === index) return known.holders
    const key = placementKey(index)
    if (known?.key === key) {
      known.index = index
      return known.holders
    }
    if (known !== undefined) this.#revision++
    const refused = (shard: number, address: string) => this.#refused.has(index.uid, shard, address)
    const holders = this.#place(index, refused)
    this.#placements.set(index.uid, { index, key, holders, preferred: undefined })
    return holders
  }

  #place(index: IndexPlacement, refused?: (shard: number, address: string) => boolean): ClusterMember[][] {
    const placed = placeShards(index, this.view.servers, refused)
    return placed.map(holders => holders.map(address => this.#members.get(address)!))
  }

  /** Of a shard that nobody has memory for: who says so to whoever asks for it, by its own word. */
  #preferredOf(index: IndexPlacement, shard: number): readonly ClusterMember[] {
    this.#placementOf(index)
    const placed = this.#placements.get(index.uid)!
    placed.preferred ??= this.#place(index)
    return placed.preferred[shard] ?? []
  }

  #placeAnew(uid: string): void {
    this.#placements.delete(uid)
    this.#revision++
  }
}

/** Generations of one key are placed alike in one view. */
function placementKey({ replicas, shardBytes }: IndexPlacement): string {
  return `${replicas} ${costsOf(shardBytes).join(' ')}`
}

function addressesOf(servers: readonly ServerEntry[]): Set<string> {
  return new Set(servers.map(({ address }) => address))
}

function areSame(some: readonly ServerEntry[], others: readonly ServerEntry[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ address, weight, zone }, at) => {
      const other = others[at]!
      return address === other.address && weight === other.weight && zone === other.zone
    })
  )
}
