import assert from 'node:assert/strict'
import fc from 'fast-check'
import { placeShards } from './place-shards.ts'

const servers = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, at) => ({ address: `10.${seed}.0.${at}:7710`, weight: 1 }))

const clusters = fc.record({
  count: fc.integer({ min: 1, max: 12 }),
  shards: fc.integer({ min: 1, max: 64 }),
  replicas: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(250),
})

describe('placeShards', () => {
  it('gives every shard its replicas on different servers', () => {
    fc.assert(
      fc.property(clusters, ({ count, shards, replicas, seed }) => {
        const placed = placeShards({ uid: `u${seed}`, shards, replicas }, servers(count, seed))
        assert.equal(placed.length, shards)
        for (const holders of placed) {
          assert.equal(holders.length, Math.min(replicas, count))
          assert.equal(new Set(holders).size, holders.length)
        }
      }),
    )
  })

  it('does not depend on the order in which the servers are named', () => {
    fc.assert(
      fc.property(clusters, ({ count, shards, replicas, seed }) => {
        const index = { uid: `u${seed}`, shards, replicas }
        assert.deepEqual(placeShards(index, servers(count, seed).reverse()), placeShards(index, servers(count, seed)))
      }),
    )
  })

  it('without replicas, gives no server more than its share rounded up', () => {
    fc.assert(
      fc.property(clusters, ({ count, shards, seed }) => {
        const placed = placeShards({ uid: `u${seed}`, shards, replicas: 1 }, servers(count, seed))
        const held = Map.groupBy(placed.flat(), address => address)
        for (const theirs of held.values()) assert.ok(theirs.length <= Math.ceil(shards / count))
      }),
    )
  })

  it('lets a server with twice the weight win twice as many indexes of one shard, where no bound evens them out', () => {
    const weighted = servers(3).map((server, at) => ({ ...server, weight: at === 0 ? 2 : 1 }))
    const won = Array.from({ length: 2_000 }, (_, at) =>
      placeShards({ uid: `u${at}`, shards: 1, replicas: 1 }, weighted),
    )
    const heavy = won.flat(2).filter(address => address === weighted[0]!.address).length
    assert.ok(heavy >= 920 && heavy <= 1_080, `${heavy} of 2,000, for a weight of 2 in 4`)
  })

  it('lets a server with twice the weight hold twice as many', () => {
    const weighted = servers(3).map((server, at) => ({ ...server, weight: at === 0 ? 2 : 1 }))
    const placed = placeShards({ uid: 'u', shards: 256, replicas: 1 }, weighted)
    const heavy = placed.flat().filter(address => address === weighted[0]!.address).length
    assert.ok(heavy >= 120 && heavy <= 128, `${heavy} of 256`)
  })

  // The share of a new server is 1/N; the bound on every server's share moves a little more: 1.1 to 1.4 of it here.
  for (const [before, shards, replicas] of [
    [2, 64, 1],
    [4, 256, 1],
    [9, 256, 2],
  ] as const) {
    it(`moves about 1/${before + 1} of ${shards} shards x ${replicas} when server ${before + 1} joins`, () => {
      let moved = 0
      const rounds = 10
      for (let round = 0; round < rounds; round++) {
        const index = { uid: `u${round}`, shards, replicas }
        const old = placeShards(index, servers(before, round))
        const grown = placeShards(index, servers(before + 1, round))
        moved += grown.flatMap((holders, shard) => holders.filter(address => !old[shard]!.includes(address))).length
      }
      const share = moved / (rounds * shards * replicas)
      assert.ok(share <= 1.4 / (before + 1), `${share} of the shards moved`)
    })
  }
})
