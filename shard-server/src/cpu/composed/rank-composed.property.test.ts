import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import { createBitmap, DocumentGraph, setBit } from '@hypershard/storage'
import fc from 'fast-check'
import { documentsOf, vectorsOfRow } from '../document-rows.ts'
import { bestOf, type Ranked } from '../rank-candidates.ts'
import { makeScanCopy, toScanQuery } from '../scan-copy.ts'
import type { ScanSegment } from '../scan-segment.ts'
import { vectorsInMemory } from '../vector-rows.ts'
import { type Expression, evaluate } from './expression.ts'
import { standardised } from './leaf-scale.ts'
import { rankComposed } from './rank-composed.ts'

const width = 8
const scale = { mean: 0.1, inverse: Math.fround(1.7) }

interface Shape {
  readonly rows: number
  readonly seed: number
  /** Of ten rows, how many cannot be hits. */
  readonly excluded: number
  readonly passages: number
}

/** Every tenth vector is the same as another, so that estimates tie. */
function segmentOf({ rows, seed, excluded: share, passages }: Shape, position: number, withGraph = false): ScanSegment {
  const count = rows * passages
  const values = pseudoRandomTensor(seed, count * width, 1)
  for (let at = 10; at < count; at += 10) values.copyWithin(at * width, 0, width)
  const vectors = vectorsInMemory(values, width)
  const starts = passages === 1 ? undefined : Int32Array.from({ length: rows + 1 }, (_, row) => row * passages)
  const excluded = share === 0 ? undefined : createBitmap(rows)
  let eligible = rows
  for (let row = 0; row < rows; row++) {
    if ((row * 7) % 10 >= share) continue
    setBit(excluded!, row)
    eligible--
  }
  const graph = withGraph ? DocumentGraph.empty(width, values) : undefined
  graph?.append(values)
  const ids = { idBytes: (row: number) => Buffer.from(`${position}-${row}`) }
  return { segment: { vectors, ids, starts, scanCopy: makeScanCopy(vectors), graph }, position, excluded, eligible }
}

const leaf = (at: number, weight = 1): Expression => ({ kind: 'leaf', leaf: at, weight })
const expressions: readonly Expression[] = [
  leaf(0),
  { kind: 'any', weight: 1, nodes: [leaf(0), leaf(1, 0.5), leaf(2)], excluded: [] },
  { kind: 'all', weight: 1, nodes: [leaf(0), leaf(1, 3)], excluded: [{ weight: 2, node: leaf(2) }] },
  {
    kind: 'any',
    weight: 2,
    nodes: [{ kind: 'all', weight: 1, nodes: [leaf(0), leaf(1)], excluded: [] }, leaf(2)],
    excluded: [{ weight: 1, node: leaf(3) }],
  },
  { kind: 'any', weight: 1, nodes: [0, 1, 2, 3, 4].map(at => leaf(at)), excluded: [] },
]
const leavesMax = 5

async function atOnce(piece: () => Promise<void> | void): Promise<undefined> {
  await piece()
}

describe('ranking by the tangents of several leaves', () => {
  const gradients = Array.from({ length: leavesMax }, (_, at) => pseudoRandomTensor(900 + at, width, 1))

  /** Inner products: their tangents are the same everywhere. */
  const leafTangents = async (points: Float32Array) =>
    gradients.map(gradient => {
      const count = points.length / width
      const scores = new Float32Array(count)
      const all = new Float32Array(points.length)
      for (let at = 0; at < count; at++) {
        all.set(gradient, at * width)
        for (let place = 0; place < width; place++) scores[at]! += gradient[place]! * points[at * width + place]!
      }
      return { scores, gradients: all, scale }
    })

  /** Every eligible document's estimate, from the bytes, best first. */
  async function naive(segments: readonly ScanSegment[], expression: Expression) {
    const found = segments.flatMap((at, segment) => {
      const { scanCopy, starts, vectors } = at.segment
      const queries = gradients.map(gradient => toScanQuery(gradient, scanCopy)!)
      const bytesOf = (vector: number) => scanCopy.stretches[0]!.subarray(vector * width, (vector + 1) * width)
      const estimateOf = (vector: number) => {
        const bytes = bytesOf(vector)
        const scores = queries.map(({ bytes: query, unit }) => {
          const product = bytes.reduce((sum, value, place) => sum + value * query[place]!, 0)
          return standardised(Float32Array.of(product * unit), scale)
        })
        return evaluate(expression, scores)[0]!
      }
      return Array.from({ length: documentsOf(starts, vectors.rows) }, (_, row) => row)
        .filter(row => at.excluded === undefined || ((at.excluded[row >> 3]! >> (row & 7)) & 1) === 0)
        .map(row => ({ segment, row, estimate: Math.max(...vectorsOfRow(starts, row).map(estimateOf)) }))
    })
    return found.sort((a, b) => b.estimate - a.estimate || a.segment - b.segment || a.row - b.row)
  }

  const shapes = fc.record({
    rows: fc.constantFrom(1, 7, 60, 900),
    seed: fc.nat(50),
    excluded: fc.constantFrom(0, 0, 3, 9),
    passages: fc.constantFrom(1, 1, 3),
  })

  it('finds the documents with the best estimates, however many parts share the work', async () => {
    const property = fc.asyncProperty(
      fc.array(shapes, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...expressions),
      fc.constantFrom(1, 5, 30, 2_000),
      fc.constantFrom(1, 3),
      async (given, expression, kept, of) => {
        const segments = given.map((shape, position) => segmentOf(shape, position))
        const ranked: Ranked[] = []
        for (let part = 0; part < of; part++) {
          const wish = { kept, expansions: segments.map(() => undefined), all: false, part, of }
          ranked.push(await rankComposed(segments, wish, { expression, leafTangents, takeTurn: atOnce }))
        }
        const candidates = bestOf(
          ranked.flatMap(one => one.candidates),
          kept,
          true,
        )
        const expected = (await naive(segments, expression)).slice(0, kept)
        assert.equal(candidates.length, expected.length)
        for (const [at, { estimate }] of candidates.entries())
          assert.ok(Math.abs(estimate - expected[at]!.estimate) < 1e-3, `${at}: ${estimate}, ${expected[at]!.estimate}`)
        const scanned = ranked.reduce((sum, one) => sum + one.scanned, 0)
        assert.equal(
          scanned,
          segments.reduce((sum, { eligible }) => sum + eligible, 0),
        )
      },
    )
    // Lists of five have not the best five of what both leaves find good.
    const worst: Shape = { rows: 900, seed: 0, excluded: 0, passages: 1 }
    const examples: [Shape[], Expression, number, number][] = [[[worst], expressions[2]!, 5, 1]]
    await fc.assert(property, { numRuns: casesOf({ usual: 40, thorough: 500 }), examples })
  })

  it('walks graphs by each leaf that leads, and estimates what they come to by all', async () => {
    const segments = [segmentOf({ rows: 900, seed: 3, excluded: 3, passages: 1 }, 0, true)]
    const wish = { kept: 20, expansions: [200], all: false, part: 0, of: 1 }
    for (const expression of expressions) {
      const { candidates, walked, scanned } = await rankComposed(segments, wish, {
        expression,
        leafTangents,
        takeTurn: atOnce,
      })
      const best = new Map((await naive(segments, expression)).map(({ row, estimate }) => [row, estimate]))
      assert.deepEqual([walked, scanned, candidates.length], [segments[0]!.eligible, 0, 20])
      for (const { row, estimate } of candidates) assert.ok(Math.abs(estimate - best.get(row)!) < 1e-3)
    }
  })

  it('has every document scored where a plane is not finite', async () => {
    const segments = [segmentOf({ rows: 60, seed: 4, excluded: 3, passages: 1 }, 0)]
    const broken = async (points: Float32Array) => {
      const all = await leafTangents(points)
      all[1]!.gradients.fill(Number.NaN)
      return all
    }
    const wish = { kept: 5, expansions: [undefined], all: false, part: 0, of: 1 }
    const { candidates } = await rankComposed(segments, wish, {
      expression: expressions[1]!,
      leafTangents: broken,
      takeTurn: atOnce,
    })
    assert.equal(candidates.length, segments[0]!.eligible)
    for (const { estimate } of candidates) assert.equal(estimate, Number.POSITIVE_INFINITY)
  })
})
