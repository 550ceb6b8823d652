import { createHash } from 'node:crypto'
import type { ServerEntry } from '@hypershard/membership'

export type WeightedServer = Pick<ServerEntry, 'address' | 'weight'>

export interface IndexPlacement {
  readonly uid: string
  readonly shards: number
  readonly replicas: number
}

/**
 * Which servers hold each shard: for each shard, `replicas` addresses (all servers, when there are fewer), the
 * preferred first. The result depends on nothing but the arguments, so every coordinator finds the same without talking.
 *
 * Weighted rendezvous hashing: every pair of shard and server draws a score, and the best pairs win. Each server takes
 * at most its share by weight, rounded up: an index has few shards, and draws alone would put both shards of every
 * second two-shard index on one server. A server that joins or leaves moves little more than its own share.
 * Costs shards x servers SHA-256 digests; keep the result.
 */
export function placeShards(index: IndexPlacement, servers: readonly WeightedServer[]): string[][] {
  const replicas = Math.min(index.replicas, servers.length)
  const room = roomOf(servers, index.shards * replicas, index.shards)
  const holders: string[][] = Array.from({ length: index.shards }, () => [])
  for (const { shard, address } of rankedDraws(index, servers)) {
    const held = holders[shard]!
    const left = room.get(address)!
    if (held.length === replicas || left === 0) continue
    held.push(address)
    room.set(address, left - 1)
  }
  return holders.map((held, shard) => fillUp(held, shard, replicas, index, servers))
}

interface Draw {
  readonly shard: number
  readonly address: string
  readonly score: number
}

function rankedDraws(index: IndexPlacement, servers: readonly WeightedServer[]): Draw[] {
  const draws: Draw[] = []
  for (let shard = 0; shard < index.shards; shard++) draws.push(...drawsOf(shard, index, servers))
  return draws.sort(byScore)
}

function drawsOf(shard: number, index: IndexPlacement, servers: readonly WeightedServer[]): Draw[] {
  return servers.map(({ address, weight }) => {
    const digest = createHash('sha256')
      .update(JSON.stringify([address, index.uid, shard]))
      .digest()
    // Uniform in (0, 1): 48 bits are exact in a double. An exponential draw with rate 1/weight wins by its weight.
    const uniform = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48
    return { shard, address, score: weight / -Math.log(uniform) }
  })
}

function byScore(a: Draw, b: Draw): number {
  if (a.score !== b.score) return b.score - a.score
  return a.shard - b.shard || (a.address < b.address ? -1 : 1)
}

/** The most slots each server takes; one server never holds a shard twice, so never more than `shards`. */
function roomOf(servers: readonly WeightedServer[], slots: number, shards: number): Map<string, number> {
  const weights = servers.reduce((sum, server) => sum + server.weight, 0)
  return new Map(servers.map(s => [s.address, Math.min(shards, Math.ceil((slots * s.weight) / weights))]))
}

/**
 * A shard can be left with too few replicas because every server with room holds it already. It goes to the servers
 * with the next best draws, although these have their share.
 */
function fillUp(
  held: readonly string[],
  shard: number,
  replicas: number,
  index: IndexPlacement,
  servers: readonly WeightedServer[],
): string[] {
  if (held.length === replicas) return [...held]
  const others = drawsOf(shard, index, servers)
    .sort(byScore)
    .map(draw => draw.address)
    .filter(address => !held.includes(address))
  return [...held, ...others.slice(0, replicas - held.length)]
}
