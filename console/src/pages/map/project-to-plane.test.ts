import assert from 'node:assert/strict'
import fc from 'fast-check'
import { projectToPlane } from './project-to-plane.ts'

/** All eigenvalues of a symmetric matrix, largest first, by Jacobi's rotations (1846): slow, and nothing can go wrong. */
function naiveEigenvalues(symmetric: readonly (readonly number[])[]): number[] {
  const a = symmetric.map(row => [...row])
  const n = a.length
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p]![q]!) < 1e-300) continue
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!)
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const c = 1 / Math.hypot(t, 1)
        const s = t * c
        for (let k = 0; k < n; k++) {
          const [kp, kq] = [a[k]![p]!, a[k]![q]!]
          a[k]![p] = c * kp - s * kq
          a[k]![q] = s * kp + c * kq
        }
        for (let k = 0; k < n; k++) {
          const [pk, qk] = [a[p]![k]!, a[q]![k]!]
          a[p]![k] = c * pk - s * qk
          a[q]![k] = s * pk + c * qk
        }
      }
    }
  }
  return a.map((row, at) => row[at]!).sort((x, y) => y - x)
}

/** d × d, the sums of products of the centred points. */
function scatterOf(points: readonly (readonly number[])[]): number[][] {
  const width = points[0]!.length
  const mean = Array.from(
    { length: width },
    (_, at) => points.reduce((sum, point) => sum + point[at]!, 0) / points.length,
  )
  const off = points.map(point => point.map((value, at) => value - mean[at]!))
  return Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_, j) => off.reduce((sum, point) => sum + point[i]! * point[j]!, 0)),
  )
}

const distance = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y)

describe('a projection to the plane that keeps most', () => {
  const number = fc.double({ min: -1, max: 1, noNaN: true })
  const clouds = fc
    .integer({ min: 2, max: 6 })
    .chain(width => fc.array(fc.array(number, { minLength: width, maxLength: width }), { minLength: 3, maxLength: 14 }))

  it('keeps the share of the two largest eigenvalues of all, as rotations one by one find them', () => {
    fc.assert(
      fc.property(clouds, points => {
        const values = naiveEigenvalues(scatterOf(points))
        const all = values.reduce((sum, value) => sum + value, 0)
        fc.pre(all > 1e-3)
        const { places, shares } = projectToPlane(points)
        // Two components that are nearly alike may stand for each other: what both keep is the same.
        const kept = shares[0] + shares[1]
        assert.ok(Math.abs(kept - (values[0]! + values[1]!) / all) < 5e-3, `${kept} of ${values}`)
        assert.ok(shares[0] >= shares[1] - 5e-3)
        const squares = (of: 'x' | 'y') => places.reduce((sum, place) => sum + place[of] ** 2, 0)
        assert.ok(Math.abs(squares('x') - shares[0] * all) < 1e-6 * all)
        assert.ok(Math.abs(squares('y') - shares[1] * all) < 1e-6 * all)
      }),
      { numRuns: 200 },
    )
  })

  it('puts no two points farther apart than they are', () => {
    fc.assert(
      fc.property(clouds, points => {
        const { places } = projectToPlane(points)
        for (const [at, a] of points.entries()) {
          for (const [other, b] of points.entries()) {
            const real = Math.hypot(...a.map((value, dimension) => value - b[dimension]!))
            assert.ok(distance(places[at]!, places[other]!) <= real + 1e-6)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('keeps all distances of points that lie in a plane, wherever it lies', () => {
    const [u, v] = [
      [0.6, 0, 0.8, 0],
      [0, 1, 0, 0],
    ]
    const flat = Array.from({ length: 40 }, (_, at) => [Math.sin(at * 3.1) * 3, Math.cos(at * 1.3)])
    const { places, shares } = projectToPlane(
      flat.map(([a, b]) => u!.map((value, at) => 5 + a! * value + b! * v![at]!)),
    )
    assert.ok(Math.abs(shares[0] + shares[1] - 1) < 1e-9)
    for (const [at, [a, b]] of flat.entries()) {
      const real = Math.hypot(a! - flat[0]![0]!, b! - flat[0]![1]!)
      assert.ok(Math.abs(distance(places[at]!, places[0]!) - real) < 1e-6)
    }
  })

  it('is the same each time, and has a place for points that are all alike', () => {
    const points = Array.from({ length: 9 }, (_, at) => [at, at % 2, at % 3])
    assert.deepEqual(projectToPlane(points), projectToPlane(points))
    const { places, shares } = projectToPlane(Array.from({ length: 3 }, () => [1, 2, 3]))
    assert.deepEqual([places, shares], [Array(3).fill({ x: 0, y: 0 }), [0, 0]])
    assert.deepEqual(projectToPlane([]).places, [])
  })
})
