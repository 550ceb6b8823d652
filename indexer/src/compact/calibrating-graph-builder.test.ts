import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import type { QNetArchitecture } from '@hypershard/qnet'
import { recallTargets } from '@hypershard/storage'
import { CalibratingGraphBuilder } from './calibrating-graph-builder.ts'

const width = 16
const rows = casesOf({ usual: 8_000, thorough: 20_000 })
const clusters = 200
/** As if every row that is scored or kept took as long: how busy the machine is changes nothing. */
const byRows = ({ rows: handled }: { rows: number }) => handled / 1_000
/** As if vectors were read slowly, so that walks pay among so few. */
const rowsPerRowKept = 5
const linear: QNetArchitecture = {
  vectorDimensions: [width, 1],
  activation: 'relu',
  layerNorm: false,
  layerNormBeforeResidual: false,
  residual: false,
  residualOnLast: false,
}

const centres = pseudoRandomTensor(1, clusters * width, 1)
const centreOf = (cluster: number) => centres.subarray(cluster * width, (cluster + 1) * width)

/** Linear q-nets that point at clusters: what ranks documents is their inner product with this. */
const qnetOf = (seed: number) => ({ matrices: [centreOf((seed * 7) % clusters)], biases: [] })

/** Of length 1, round the centres. */
function clusteredVectors(): Float32Array {
  const vectors = pseudoRandomTensor(2, rows * width, 0.5)
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * width, (row + 1) * width)
    const centre = centreOf(row % clusters)
    for (const [dimension, value] of vector.entries()) vector[dimension] = value + centre[dimension]!
    const length = Math.hypot(...vector)
    for (const [dimension, value] of vector.entries()) vector[dimension] = value / length
  }
  return vectors
}

describe('CalibratingGraphBuilder', () => {
  const vectors = clusteredVectors()

  async function build(qnets: ReturnType<typeof qnetOf>[], kind: 'made' | 'given' = 'made') {
    const builder = new CalibratingGraphBuilder(
      { vectorsMax: rows, width },
      { kind, architecture: linear, qnets },
      rowsPerRowKept,
      byRows,
    )
    const pieces = [vectors.slice(0, 999 * width), vectors.slice(999 * width)]
    for (const piece of pieces) await builder.append(piece)
    return builder.finish(Readable.from(pieces))
  }

  it('finds knobs that other queries reach their recall with, the cheaper the lower it is', async () => {
    const { graph, recallKnobs } = await build(Array.from({ length: 20 }, (_, query) => qnetOf(100 + query)))
    assert.equal(graph.rows, rows)
    assert.deepEqual(
      recallKnobs.map(({ recall }) => recall),
      [...recallTargets],
    )
    const costs = recallKnobs.map(({ expansion }) => expansion ?? Number.POSITIVE_INFINITY)
    assert.deepEqual(
      costs,
      costs.toSorted((a, b) => a - b),
    )
    assert.notEqual(recallKnobs[0]!.expansion, null)
    for (const { recall, expansion, candidates } of recallKnobs) {
      if (expansion === null) continue
      let found = 0
      for (let query = 0; query < 30; query++) {
        const [gradient] = qnetOf(500 + query).matrices
        const products = Array.from({ length: rows }, (_, row) => productOf(gradient!, row))
        const byProduct = (a: number, b: number) => products[b]! - products[a]!
        const best = products.map((_, row) => row).sort(byProduct)
        const walked = new Set(graph.nearest(gradient!, expansion).sort(byProduct).slice(0, candidates))
        found += best.slice(0, 10).filter(row => walked.has(row)).length
      }
      assert.ok(found / 300 >= recall - 0.04, `${found} of 300 found where ${recall} is promised`)
    }
  })

  it('asks less of queries of users than of made ones, and keeps a reserve of rows and candidates', async () => {
    const qnets = Array.from({ length: 20 }, (_, query) => qnetOf(100 + query))
    const [{ recallKnobs: made }, { recallKnobs: given }] = [await build(qnets), await build(qnets, 'given')]
    for (const [at, { recall, expansion, candidates }] of given.entries()) {
      assert.equal(recall, made[at]!.recall)
      assert.ok(expansion !== null && expansion <= (made[at]!.expansion ?? Number.POSITIVE_INFINITY), `for ${recall}`)
      // Four times what was tried, and twice.
      assert.deepEqual([expansion % 64, candidates % 20], [0, 0])
      assert.ok(candidates <= expansion)
    }
    assert.equal(given.length, recallTargets.length)
  })

  it('finds knobs for documents of several vectors, by the best of each', async () => {
    const counts = Array.from({ length: 1_000 }, (_, document) => 1 + (document % 3))
    const owners = counts.flatMap((count, document) => Array<number>(count).fill(document))
    const own = vectors.slice(0, owners.length * width)
    const qnets = Array.from({ length: 12 }, (_, query) => qnetOf(100 + query))
    const queries = { kind: 'made', architecture: linear, qnets } as const
    const shape = { vectorsMax: owners.length + 5, width }
    const worked = new Set<number>()
    const timeOf = ({ rows }: { rows: number }) => {
      worked.add(rows)
      return byRows({ rows })
    }
    const builder = new CalibratingGraphBuilder(shape, queries, rowsPerRowKept, timeOf)
    await builder.append(own, counts)
    const { graph, recallKnobs } = await builder.finish(Readable.from([own]))
    assert.equal(graph.rows, owners.length)
    // The vectors of 16 documents and of 32, of 1.999 each.
    assert.deepEqual(
      [16, 32, 64].map(rows => worked.has(rows)),
      [false, true, true],
    )
    const walks = recallKnobs.filter(({ expansion }) => expansion !== null)
    assert.equal(recallKnobs.length, recallTargets.length)
    assert.ok(walks.length > 0)
    for (const { recall, expansion, candidates } of walks) {
      let found = 0
      for (let query = 0; query < 12; query++) {
        const [gradient] = qnetOf(500 + query).matrices
        const products = owners.map((_, row) => productOf(gradient!, row))
        const byProduct = (rows: number[]) => rows.sort((a, b) => products[b]! - products[a]!)
        const documentsOf = (rows: number[]) => [...new Set(byProduct(rows).map(row => owners[row]!))]
        // As a search walks: as many vectors as hold so many documents.
        const kept = Math.ceil((expansion! * owners.length) / counts.length)
        const walked = new Set(documentsOf(graph.nearest(gradient!, kept)).slice(0, candidates))
        const best = documentsOf([...owners.keys()]).slice(0, 10)
        found += best.filter(document => walked.has(document)).length
      }
      assert.ok(found / 120 >= recall - 0.04, `${found} of 120 found where ${recall} is promised`)
    }
  })

  it('finds none where no query has finite scores', async () => {
    const broken = { matrices: [new Float32Array(width).fill(Number.NaN)], biases: [] }
    const { graph, recallKnobs } = await build([broken])
    assert.deepEqual([graph.rows, recallKnobs], [rows, []])
  })

  function productOf(gradient: Float32Array, row: number): number {
    return gradient.reduce((sum, value, dimension) => sum + value * vectors[row * width + dimension]!, 0)
  }
})
