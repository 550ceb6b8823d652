import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DocumentGraph } from './document-graph.ts'
import { knobFor } from './recall-knobs.ts'

const width = 24
const rows = 2_000

/** Vectors round a few centres; `lengthOf` says how long each is. */
function clusteredVectors(lengthOf: (row: number) => number): Float32Array {
  let state = 7
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const centres = Array.from({ length: 12 }, () => Array.from({ length: width }, uniform))
  const vectors = new Float32Array(rows * width)
  for (let row = 0; row < rows; row++) {
    const vector = centres[row % centres.length]!.map(value => value + 0.4 * uniform())
    const scale = lengthOf(row) / Math.hypot(...vector)
    vectors.set(
      vector.map(value => value * scale),
      row * width,
    )
  }
  return vectors
}

function productsWith(query: Float32Array, vectors: Float32Array): number[] {
  return Array.from({ length: rows }, (_, row) =>
    query.reduce((sum, value, dimension) => sum + value * vectors[row * width + dimension]!, 0),
  )
}

describe('a document graph', () => {
  const path = join(tmpdir(), `hypershard-test-${process.pid}.usearch`)

  afterEach(() => rm(path, { force: true }))

  for (const [what, lengthOf] of [
    ['of one length', () => 1],
    ['of different lengths', (row: number) => 0.5 + (row % 7) / 7],
  ] as const) {
    it(`finds the rows with the largest products among vectors ${what}, as built and as saved`, async () => {
      const vectors = clusteredVectors(lengthOf)
      const graph = DocumentGraph.empty(width, vectors)
      graph.append(vectors.slice(0, 700 * width))
      graph.append(vectors.slice(700 * width), 2)
      graph.save(path)
      const opened = DocumentGraph.open(path, width)
      // The memory stays mapped.
      await rm(path)
      assert.deepEqual([graph.rows, opened.rows], [rows, rows])
      let found = 0
      for (let at = 0; at < 50; at++) {
        const query = vectors.slice(at * 31 * width, (at * 31 + 1) * width)
        const products = productsWith(query, vectors)
        const best = products.map((_, row) => row).sort((a, b) => products[b]! - products[a]!)
        const nearest = opened.nearest(query, 100)
        assert.equal(nearest.length, 100)
        assert.deepEqual(nearest, graph.nearest(query, 100))
        found += best.slice(0, 10).filter(row => nearest.includes(row)).length
      }
      assert.ok(found >= 490, `${found} of 500 found`)
    })
  }

  it('gives no more rows than it has', () => {
    const vectors = clusteredVectors(() => 1).slice(0, 5 * width)
    const graph = DocumentGraph.empty(width, vectors)
    graph.append(vectors)
    assert.deepEqual(graph.nearest(vectors.slice(0, width), 100).sort(), [0, 1, 2, 3, 4])
  })
})

describe('knobFor', () => {
  const knobs = [
    { recall: 0.99, expansion: 512, candidates: 50 },
    { recall: 0.9, expansion: 64, candidates: 10 },
  ]

  it('takes the lowest recall that is enough', () => {
    assert.equal(knobFor(knobs, 0.5)?.expansion, 64)
    assert.equal(knobFor(knobs, 0.9)?.expansion, 64)
    assert.equal(knobFor(knobs, 0.91)?.expansion, 512)
    assert.equal(knobFor(knobs, 0.999), undefined)
    assert.equal(knobFor([], 0), undefined)
  })
})
