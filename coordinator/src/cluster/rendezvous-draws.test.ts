import assert from 'node:assert/strict'
import { drawsOf, randomOf } from './rendezvous-draws.ts'

/** Addresses as alike as they come. */
const servers = (count: number, weight = 1) =>
  Array.from({ length: count }, (_, at) => ({ address: `10.0.0.${at}:7710`, weight }))

/** Pearson's, of counts that should all be alike; with n counts its mean is n - 1 and its variance 2 (n - 1). */
function chiSquare(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
}

/** Four standard deviations above the mean. */
const highest = (counts: number) => counts - 1 + 4 * Math.sqrt(2 * (counts - 1))

describe('the draws of servers and shards', () => {
  it('come from sfc32 as it is published', () => {
    const mask = 2n ** 32n - 1n
    let [a, b, c, counter] = [1n, 2n, 3n, 4n] as [bigint, bigint, bigint, bigint]
    const random = randomOf(Uint32Array.of(1, 2, 3, 4))
    for (let value = 0; value < 1_000; value++) {
      const out = (a + b + counter) & mask
      counter = (counter + 1n) & mask
      a = b ^ (b >> 9n)
      b = (c + (c << 3n)) & mask
      c = ((((c << 21n) | (c >> 11n)) & mask) + out) & mask
      if (value >= 12) assert.equal(random(), (Number(out) + 0.5) / 2 ** 32)
    }
  })

  it('are uniform for every pair alone, over many indexes', () => {
    const counts = new Array<number>(64).fill(0)
    for (let index = 0; index < 500; index++) {
      const { draw } = drawsOf(`index-${index}`, servers(8), 4)
      // Exponential with rate 1: back to uniform.
      for (const of of draw) counts[Math.floor(64 * Math.exp(-of))]!++
    }
    assert.ok(chiSquare(counts) <= highest(64), `${chiSquare(counts)}`)
  })

  it('of two servers have nothing to do with one another', () => {
    const counts = new Array<number>(64).fill(0)
    for (let index = 0; index < 1_000; index++) {
      const { draw } = drawsOf(`index-${index}`, servers(2), 3)
      const [one, other] = [draw[1]!, draw[3 + 1]!].map(of => Math.floor(8 * Math.exp(-of))) as [number, number]
      counts[8 * one + other]!++
    }
    assert.ok(chiSquare(counts) <= highest(64), `${chiSquare(counts)}`)
  })

  it('have every server win alike, and every shard in every place', () => {
    const won = new Array<number>(16).fill(0)
    const firsts = new Array<number>(16).fill(0)
    for (let index = 0; index < 400; index++) {
      const { draw, order } = drawsOf(`index-${index}`, servers(16), 16)
      const ofShard = Array.from({ length: 16 }, (_, server) => draw[16 * server + 5]!)
      won[ofShard.indexOf(Math.min(...ofShard))]!++
      firsts[order[3 * 16]!]!++
    }
    assert.ok(chiSquare(won) <= highest(16), `${won}`)
    assert.ok(chiSquare(firsts) <= highest(16), `${firsts}`)
  })

  it('of a server lie one in each part of (0, 1), and its order is that of its draws', () => {
    const { draw, order } = drawsOf('u', servers(5, 3), 40)
    for (let server = 0; server < 5; server++) {
      const own = draw.subarray(40 * server, 40 * (server + 1))
      const places = [...order.subarray(40 * server, 40 * (server + 1))]
      assert.deepEqual(
        places.map(shard => Math.floor(40 * Math.exp(-3 * own[shard]!))),
        Array.from({ length: 40 }, (_, place) => 39 - place),
      )
    }
  })

  it('of a pair do not depend on the other servers', () => {
    const few = drawsOf('u', servers(2), 8).draw
    assert.deepEqual(drawsOf('u', servers(9), 8).draw.subarray(0, 16), few)
  })
})
