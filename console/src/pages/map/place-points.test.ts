import assert from 'node:assert/strict'
import fc from 'fast-check'
import { coloursCount, coloursOf, placePoints } from './place-points.ts'

const frame = { width: 400, height: 300, margin: 20 }

describe('points in a frame', () => {
  it('lie in it, on one scale both ways, and touch its margin', () => {
    const number = fc.integer({ min: -1_000, max: 1_000 })
    fc.assert(
      fc.property(fc.array(fc.record({ x: number, y: number }), { minLength: 2, maxLength: 20 }), points => {
        const placed = placePoints(points, frame)
        for (const { x, y } of placed) assert.ok(x >= 19.99 && x <= 380.01 && y >= 19.99 && y <= 280.01)
        const [a, b] = [points[0]!, points[1]!]
        const [p, q] = [placed[0]!, placed[1]!]
        // The same angle: what is up stays up.
        assert.ok(
          Math.abs((q.x - p.x) * (b.y - a.y) + (q.y - p.y) * (b.x - a.x)) <
            1e-3 * (1 + Math.hypot(b.x - a.x, b.y - a.y)),
        )
        assert.ok((q.x - p.x) * (b.x - a.x) >= 0 && (q.y - p.y) * (b.y - a.y) <= 0)
      }),
      { numRuns: 200 },
    )
    assert.deepEqual(
      placePoints(
        [
          { x: 0, y: 0 },
          { x: 36, y: 0 },
        ],
        frame,
      ),
      [
        { x: 20, y: 150 },
        { x: 380, y: 150 },
      ],
    )
    assert.deepEqual(placePoints([{ x: 5, y: 5 }], frame), [{ x: 200, y: 150 }])
  })

  it('have their colours by value', () => {
    assert.deepEqual(coloursOf([0, 1, 0.5, 0.999, 0.14, 0.15]), [1, coloursCount, 4, coloursCount, 1, 2])
    assert.deepEqual([coloursOf([]), coloursOf([3, 3])], [[], [coloursCount, coloursCount]])
  })
})
