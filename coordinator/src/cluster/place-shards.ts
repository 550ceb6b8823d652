import type { ServerEntry } from '@hypershard/membership'
import TinyQueue from 'tinyqueue'
import { costsOf } from './placement-cost.ts'
import { type Draws, drawsOf } from './rendezvous-draws.ts'
import { ServerRoom } from './server-room.ts'
import { sharesOf } from './server-shares.ts'

/** An index, or a generation of one, as placement sees it. */
export interface PlacedIndex {
  readonly uid: string
  readonly replicas: number
  /** What each shard takes of a server's memory, by its number. */
  readonly shardBytes: readonly number[]
}

/**
 * Which servers hold each shard: for each shard, `replicas` addresses (all servers, when there are fewer), the
 * preferred first. The result depends on nothing but the arguments, not even on the order of `servers`, so every
 * coordinator finds the same without talking, and no index moves another's shards.
 *
 * Weighted rendezvous hashing with room: every pair of a server and a shard has a draw, the best pairs come first, and a
 * server that has its share takes no more (`ServerRoom`). A server that joins takes its share and little else moves; one that
 * leaves gives up its own (decision record 017). Replicas lie in different zones as far as there are zones.
 *
 * @param refused whether a server said that it has no memory for a shard: the next takes it
 */
export function placeShards(
  { uid, replicas, shardBytes }: PlacedIndex,
  servers: readonly ServerEntry[],
  refused: (shard: number, address: string) => boolean = () => false,
): string[][] {
  const known = servers.toSorted((a, b) => (a.address < b.address ? -1 : 1))
  const zones = zonesOf(known)
  const draws = drawsOf(uid, known, shardBytes.length)
  const shares = sharesOf(
    known.map(({ weight }) => weight),
    zones,
    replicas,
  )
  const placing: Placing = {
    draws,
    zones,
    room: new ServerRoom(costsOf(shardBytes), shares, draws.chances),
    refused: (shard, server) => refused(shard, known[server]!.address),
    holders: shardBytes.map(() => []),
  }
  const sizes = [...Map.groupBy(zones, zone => zone).values()].map(({ length }) => length)
  for (let inZone = 1; inZone <= Math.min(replicas, Math.max(0, ...sizes)); inZone++) {
    const wanted = Math.min(
      replicas,
      sizes.reduce((sum, size) => sum + Math.min(size, inZone), 0),
    )
    const step = { inZone, wanted }
    takeWithRoom(placing, step)
    takeBeyond(placing, step)
  }
  return placing.holders.map(held => held.map(server => known[server]!.address))
}

/** Servers are told by their place in the list that is sorted by address. */
interface Placing {
  readonly draws: Draws
  readonly zones: readonly number[]
  readonly room: ServerRoom
  readonly refused: (shard: number, server: number) => boolean
  /** By shard. */
  readonly holders: number[][]
}

/** First each shard gets at most one holder of a zone, then at most two, and so on. */
interface Step {
  /** Holders of a shard in one zone, at most. */
  readonly inZone: number
  /** Holders of a shard after this step. */
  readonly wanted: number
}

/** A number for each server's zone. Where there is but one zone, each server is a zone of its own. */
function zonesOf(servers: readonly ServerEntry[]): number[] {
  const names = [...new Set(servers.map(({ zone }) => zone))]
  return servers.map(({ zone }, at) => (names.length === 1 ? at : names.indexOf(zone)))
}

/** The best draws first, of all servers that have room. */
function takeWithRoom({ draws, room, holders, ...placing }: Placing, step: Step): void {
  let short = holders.filter(held => held.length < step.wanted).length
  const next = new Uint16Array(draws.servers)
  const shardOf = (server: number) => draws.order[server * draws.shards + next[server]!]!
  const drawOf = (server: number) => draws.draw[server * draws.shards + shardOf(server)]!
  const bidders = new TinyQueue([...next.keys()], (a, b) => drawOf(a) - drawOf(b) || a - b)
  while (short > 0 && bidders.length > 0) {
    const server = bidders.pop()!
    const shard = shardOf(server)
    const held = holders[shard]!
    if (held.length < step.wanted && room.has(server, shard) && mayHold({ ...placing, holders }, step, shard, server)) {
      held.push(server)
      room.take(server, shard)
      if (held.length === step.wanted) short--
    }
    next[server]!++
    if (next[server]! < draws.shards && room.hasAny(server)) bidders.push(server)
  }
}

/** A shard that no server with room may hold goes to the best draws although these have their share. */
function takeBeyond(placing: Placing, step: Step): void {
  const { draws, room, holders } = placing
  for (const [shard, held] of holders.entries()) {
    while (held.length < step.wanted) {
      let best: number | undefined
      for (let server = 0; server < draws.servers; server++) {
        if (!mayHold(placing, step, shard, server)) continue
        const better = best === undefined || drawAt(draws, server, shard) < drawAt(draws, best, shard)
        if (better) best = server
      }
      if (best === undefined) break
      held.push(best)
      room.take(best, shard)
    }
  }
}

function drawAt({ draw, shards }: Draws, server: number, shard: number): number {
  return draw[server * shards + shard]!
}

function mayHold(
  { holders, zones, refused }: Pick<Placing, 'holders' | 'zones' | 'refused'>,
  { inZone }: Step,
  shard: number,
  server: number,
): boolean {
  let there = 0
  for (const holder of holders[shard]!) {
    if (holder === server) return false
    if (zones[holder] === zones[server]) there++
  }
  return there < inZone && !refused(shard, server)
}
