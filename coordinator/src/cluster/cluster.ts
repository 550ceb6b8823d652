import type { MembershipView } from '@hypershard/membership'
import type { ShardServerPort } from '../ports.ts'
import { ClusterMember } from './cluster-member.ts'
import { type IndexPlacement, placeShards } from './place-shards.ts'
import { isOfIndex } from './placement-of.ts'

/** The shard servers of one membership view and which of them hold what. Their life and load change. */
export class Cluster {
  readonly view: MembershipView
  readonly members: readonly ClusterMember[]
  readonly #byAddress: ReadonlyMap<string, ClusterMember>
  /** A placement is a value of the view. By index uid; as many entries as indexes are in use, dropped by `forgetIndex`. */
  readonly #placements = new Map<string, readonly (readonly ClusterMember[])[]>()
  readonly #random: () => number

  /**
   * @param connect how a server of the view is reached
   * @param random uniform in [0, 1)
   */
  constructor(view: MembershipView, connect: (address: string) => ShardServerPort, random: () => number = Math.random) {
    this.view = view
    this.members = view.servers.map(({ address, weight }) => new ClusterMember(connect(address), weight))
    this.#byAddress = new Map(this.members.map(member => [member.address, member]))
    this.#random = random
  }

  /** The servers that hold a shard, by preference alone, live or not. */
  holdersOf(index: IndexPlacement, shard: number): readonly ClusterMember[] {
    return this.#placementOf(index)[shard] ?? []
  }

  /**
   * The servers that hold a shard in the order to ask them: those that have it loaded at the version to be searched,
   * then the other live ones, which must load it first (as after a restart), then those that are down.
   */
  routeOf(index: IndexPlacement, shard: number, version: number): readonly ClusterMember[] {
    const holders = this.holdersOf(index, shard)
    if (holders.length === 1) return holders
    const isWarm = (member: ClusterMember) => member.isWarm({ indexUid: index.uid, version, shard })
    const live = holders.filter(member => member.live)
    const warm = this.#balanced(live.filter(isWarm))
    const cold = this.#balanced(live.filter(member => !isWarm(member)))
    return [...warm, ...cold, ...holders.filter(member => !member.live)]
  }

  /** Which shards of the index the member holds, ascending. */
  shardsHeldBy(member: ClusterMember, index: IndexPlacement): number[] {
    const held: number[] = []
    for (const [shard, holders] of this.#placementOf(index).entries()) if (holders.includes(member)) held.push(shard)
    return held
  }

  /** Ends the connections to all servers. */
  close(): void {
    for (const { server } of this.members) server.close()
  }

  forgetIndex(indexUid: string): void {
    for (const uid of this.#placements.keys()) if (isOfIndex(uid, indexUid)) this.#placements.delete(uid)
    for (const member of this.members) member.forgetIndex(indexUid)
  }

  #placementOf(index: IndexPlacement): readonly (readonly ClusterMember[])[] {
    const known = this.#placements.get(index.uid)
    if (known !== undefined) return known
    const placed = placeShards(index, this.view.servers)
    const placement = placed.map(holders => holders.map(address => this.#byAddress.get(address)!))
    this.#placements.set(index.uid, placement)
    return placement
  }

  /**
   * Of two picked by chance the one with less outstanding work first. Taking the least loaded of all would send every
   * coordinator to the same.
   */
  #balanced(members: readonly ClusterMember[]): ClusterMember[] {
    const order = this.#shuffled([...members])
    const [first, second] = order
    if (first !== undefined && second !== undefined && second.outstanding < first.outstanding) {
      order.splice(0, 2, second, first)
    }
    return order
  }

  #shuffled<T>(list: T[]): T[] {
    for (let last = list.length - 1; last > 0; last--) {
      const other = Math.floor(this.#random() * (last + 1))
      const kept = list[last]!
      list[last] = list[other]!
      list[other] = kept
    }
    return list
  }
}
