import { createHash } from 'node:crypto'

/** What every pair of a server and a shard has drawn, by the server's place in the list and the shard's number. */
export interface Draws {
  readonly servers: number
  readonly shards: number
  /** At `server * shards + shard`; the lower, the sooner the server takes the shard. */
  readonly draw: Float64Array
  /** At `server * shards + place`: the server's shards, its best draw first. */
  readonly order: Uint16Array
  /** A number in (0, 1) for each server that has nothing to do with its draws. */
  readonly chances: Float64Array
}

/**
 * An exponential draw with rate `weight` for each pair, as weighted rendezvous hashing has it: of any servers the lowest
 * draw is one's own with a chance in proportion to its weight. A pair's draw depends on nothing but the index, the shard
 * and the server, so servers that come and go change no other's.
 *
 * A server's draws are *stratified*: of `shards` equal parts of (0, 1), each of its shards gets a point of another one.
 * Every draw alone is as likely as before, but no server is lucky with many shards of one index, and the number that it
 * takes varies by about half of the variance of independent draws (measured: decision record 017).
 *
 * SHA-256 of index and address seeds a small generator for each server; a digest for each pair would be too slow for
 * 256 servers.
 */
export function drawsOf(
  indexUid: string,
  servers: readonly { readonly address: string; readonly weight: number }[],
  shards: number,
): Draws {
  const draw = new Float64Array(servers.length * shards)
  const order = new Uint16Array(servers.length * shards)
  const chances = new Float64Array(servers.length)
  const indexSeed = seedOf(indexUid)
  for (const [at, { address, weight }] of servers.entries()) {
    const random = randomOf(seedOf(address).map((word, lane) => word ^ indexSeed[lane]!))
    chances[at] = random()
    const own = order.subarray(at * shards, (at + 1) * shards)
    shuffleNumbers(own, random)
    for (const [place, shard] of own.entries()) {
      // The parts from the top: the highest gives the lowest draw. Never 0 nor 1.
      const uniform = (shards - 1 - place + random()) / shards
      draw[at * shards + shard] = -Math.log(uniform) / weight
    }
  }
  return { servers: servers.length, shards, draw, order, chances }
}

function seedOf(text: string): Uint32Array {
  const digest = createHash('sha256').update(text).digest()
  return Uint32Array.from({ length: 4 }, (_, lane) => digest.readUInt32BE(4 * lane))
}

/**
 * Uniform in (0, 1), 32 bits: Chris Doty-Humphrey's sfc32 (PractRand), 128 bits of state, of which the last is a counter.
 * Its first dozen values are thrown away, so that seeds that are alike are not seen.
 */
export function randomOf(seed: Uint32Array): () => number {
  let [a, b, c, counter] = seed as unknown as [number, number, number, number]
  const random = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return ((sum >>> 0) + 0.5) / 2 ** 32
  }
  for (let value = 0; value < 12; value++) random()
  return random
}

/** The numbers from 0 in a random order (Fisher and Yates). */
function shuffleNumbers(list: Uint16Array, random: () => number): void {
  for (let last = 0; last < list.length; last++) {
    const other = Math.floor(random() * (last + 1))
    list[last] = list[other]!
    list[other] = last
  }
}
