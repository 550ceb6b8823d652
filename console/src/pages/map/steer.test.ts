import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type ArrowKey, isArrowKey, steer } from './steer.ts'

const points = [
  { x: 0, y: 0 },
  { x: 1, y: 0.1 },
  { x: 3, y: 0 },
  { x: 0.2, y: 2 },
  { x: -1, y: -1 },
]

describe('arrow keys on a map', () => {
  for (const { key, from, to } of [
    { key: 'ArrowRight', from: 0, to: 1 },
    { key: 'ArrowRight', from: 1, to: 2 },
    { key: 'ArrowRight', from: 2, to: 2 },
    { key: 'ArrowUp', from: 0, to: 3 },
    { key: 'ArrowLeft', from: 0, to: 4 },
    { key: 'ArrowDown', from: 3, to: 0 },
  ] as const) {
    it(`${key} leads from point ${from} to ${to}`, () => assert.equal(steer(points, from, key), to))
  }

  it('know only arrows', () => {
    assert.deepEqual(['ArrowUp', 'Enter', 'toString'].map(isArrowKey), [true, false, false])
  })

  it('never lead back, and reach every point that has no other on it', () => {
    const place = fc.record({ x: fc.integer({ min: -20, max: 20 }), y: fc.integer({ min: -20, max: 20 }) })
    const clouds = fc.uniqueArray(place, { minLength: 2, maxLength: 12, selector: ({ x, y }) => `${x},${y}` })
    fc.assert(
      fc.property(clouds, cloud => {
        const keys: ArrowKey[] = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight']
        for (const [from, { x, y }] of cloud.entries()) {
          const right = cloud[steer(cloud, from, 'ArrowRight')]!
          const up = cloud[steer(cloud, from, 'ArrowUp')]!
          assert.ok(right.x >= x && up.y >= y)
          // Whoever is not alone gets away.
          assert.ok(keys.some(key => steer(cloud, from, key) !== from))
        }
      }),
      { numRuns: 200 },
    )
  })
})
