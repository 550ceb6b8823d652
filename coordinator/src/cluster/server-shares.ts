/** A server or a zone: its weight, and how many replicas of one shard it takes at least and at most. */
interface Taker {
  readonly weight: number
  readonly least: number
  readonly most: number
}

/**
 * How much of a shard each server should hold: a number from 0 to 1, in proportion to the weights, together `replicas`
 * (or the number of servers, where they are fewer). No server holds a shard twice, and no zone holds a second replica
 * while another has none: a small zone's servers hold more than their weights say, and the others share what is left.
 *
 * @param zones the number of each server's zone, from 0
 */
export function sharesOf(weights: readonly number[], zones: readonly number[], replicas: number): number[] {
  const inZone = Map.groupBy(weights.keys(), server => zones[server]!)
  const sizes = [...inZone.values()].map(({ length }) => length)
  const level = fullestZone(sizes, replicas)
  const takers = [...inZone.values()].map(servers => ({
    weight: servers.reduce((sum, server) => sum + weights[server]!, 0),
    least: Math.min(servers.length, level - 1),
    most: Math.min(servers.length, level),
  }))
  const zoneShares = divide(Math.min(replicas, weights.length), takers)
  const shares = new Array<number>(weights.length)
  for (const [at, servers] of [...inZone.values()].entries()) {
    const ofZone = servers.map(server => ({ weight: weights[server]!, least: 0, most: 1 }))
    for (const [place, share] of divide(zoneShares[at]!, ofZone).entries()) shares[servers[place]!] = share
  }
  return shares
}

/** How many replicas of a shard the fullest zone has, when they are spread as evenly as the zones' sizes allow. */
function fullestZone(sizes: readonly number[], replicas: number): number {
  let level = 1
  while (level < replicas && sizes.reduce((sum, size) => sum + Math.min(size, level), 0) < replicas) level++
  return level
}

/** `total` by weight, but no part below its least or above its most; 60 halvings settle a double. */
function divide(total: number, takers: readonly Taker[]): number[] {
  const parts = (perWeight: number) =>
    takers.map(({ weight, least, most }) => Math.min(most, Math.max(least, perWeight * weight)))
  const sumOf = (perWeight: number) => parts(perWeight).reduce((sum, part) => sum + part, 0)
  let low = 0
  let high = Math.max(...takers.map(({ weight, most }) => most / weight))
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2
    if (sumOf(middle) < total) low = middle
    else high = middle
  }
  return parts(high)
}
