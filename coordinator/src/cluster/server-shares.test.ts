import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sharesOf } from './server-shares.ts'

const near = (given: readonly number[], wanted: readonly number[]) =>
  assert.ok(
    given.length === wanted.length && given.every((share, at) => Math.abs(share - wanted[at]!) < 1e-9),
    `${given}, not ${wanted}`,
  )

describe('the shares of servers', () => {
  for (const { title, weights, zones, replicas, shares } of [
    { title: 'by weight', weights: [2, 1, 1], zones: [0, 1, 2], replicas: 1, shares: [0.5, 0.25, 0.25] },
    { title: 'never more than all', weights: [9, 1, 1], zones: [0, 1, 2], replicas: 2, shares: [1, 0.5, 0.5] },
    {
      title: 'all of it, for as many servers as replicas',
      weights: [9, 1],
      zones: [0, 1],
      replicas: 3,
      shares: [1, 1],
    },
    {
      title: 'one replica in each of two zones, however small one is',
      weights: [1, 1, 1, 1],
      zones: [0, 1, 1, 1],
      replicas: 2,
      shares: [1, 1 / 3, 1 / 3, 1 / 3],
    },
    {
      title: 'what a full zone cannot take goes to the others',
      weights: [1, 1, 1, 1],
      zones: [0, 1, 1, 1],
      replicas: 3,
      shares: [1, 2 / 3, 2 / 3, 2 / 3],
    },
    {
      title: 'one replica at least in each zone, where there are more replicas than zones',
      weights: [1, 1, 20, 20],
      zones: [0, 0, 1, 1],
      replicas: 3,
      shares: [0.5, 0.5, 1, 1],
    },
  ]) {
    it(`are ${title}`, () => near(sharesOf(weights, zones, replicas), shares))
  }

  it('add up to the replicas of a shard, each from 0 to 1', () => {
    const server = fc.record({ weight: fc.integer({ min: 1, max: 50 }), zone: fc.nat(4) })
    fc.assert(
      fc.property(
        fc.array(server, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        (all, replicas) => {
          const shares = sharesOf(
            all.map(({ weight }) => weight),
            all.map(({ zone }) => zone),
            replicas,
          )
          for (const share of shares) assert.ok(share > 0 && share <= 1, `${share}`)
          near([shares.reduce((sum, share) => sum + share, 0)], [Math.min(replicas, all.length)])
        },
      ),
    )
  })
})
