import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { pseudoRandomTensor, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import { type QNetArchitecture, QNetScorer, type QNetWeights } from '@hypershard/qnet'
import { createBitmap, DocumentGraph, setBit } from '@hypershard/storage'
import type { ShardScan } from '../ports.ts'
import { scanByTangent, type TangentOptions } from './scan-by-tangent.ts'
import { makeScanCopy, stretchRows } from './scan-copy.ts'
import type { ScanSegment, ScanShard } from './scan-segment.ts'
import { scanShards } from './scan-shards.ts'
import { vectorsInMemory } from './vector-rows.ts'

const width = 16
const deep = publishedArchitecture(width, 2)
const plain: QNetArchitecture = { ...deep, vectorDimensions: [width, 1] }

function segmentOf(rows: number, seed: number, deletedRows: readonly number[] = []): ScanSegment {
  const vectors = vectorsInMemory(pseudoRandomTensor(seed, rows * width, 1), width)
  const ids = { idBytes: (row: number) => Buffer.from(`${seed}-${row}`) }
  const excluded = deletedRows.length === 0 ? undefined : createBitmap(rows)
  for (const row of deletedRows) setBit(excluded!, row)
  const segment = { vectors, ids, scanCopy: makeScanCopy(vectors), graph: undefined, recallKnobs: [] }
  return { segment, position: seed, excluded, eligible: rows - new Set(deletedRows).size }
}

function graphOf({ segment: { vectors } }: ScanSegment): DocumentGraph {
  const values = vectors.range(0, vectors.rows)
  const graph = DocumentGraph.empty(width, values)
  graph.append(values)
  return graph
}

describe('scanByTangent', () => {
  const scorers = new Map([deep, plain].map(architecture => [architecture, new QNetScorer(architecture)]))

  async function scan(
    architecture: QNetArchitecture,
    weights: QNetWeights,
    shards: readonly ScanShard[],
    options: Partial<TangentOptions> & { plan?: 'exact'; candidates?: number; expansion?: number } = {},
  ): Promise<ShardScan[]> {
    const scorer = scorers.get(architecture)!
    let next = 0
    const whole: TangentOptions = {
      limit: 10,
      claimPiece: () => next++,
      stopBefore: () => undefined,
      monotonicMs: () => 0,
      tangents: points => scorer.tangents(weights, points),
      ...options,
    }
    const block = await scorer.prepareFp32(weights)
    const planned = shards.map(shard => {
      const expansions = shard.segments.map(() => options.expansion)
      return { ...shard, plan: { kind: 'tangent' as const, candidates: options.candidates ?? 100, expansions } }
    })
    const steps = options.plan === 'exact' ? scanShards(block, shards, whole) : scanByTangent(block, planned, whole)
    for (;;) {
      const { done, value } = await steps.next()
      if (done) return value
    }
  }

  const idsOf = (scans: readonly ShardScan[]) => scans.map(({ hits }) => hits.map(({ id }) => id))

  it('answers as the exact plan does when every document is a candidate', async () => {
    const shards = [
      { shard: 0, segments: [segmentOf(700, 1), segmentOf(40, 2, [0, 7])] },
      { shard: 1, segments: [segmentOf(3, 3)] },
      { shard: 2, segments: [] },
    ]
    for (let seed = 1; seed <= 20; seed++) {
      const weights = pseudoRandomWeights(deep, 1_000 * seed)
      const [tangent, exact] = [
        await scan(deep, weights, shards, { candidates: 1_000 }),
        await scan(deep, weights, shards, { plan: 'exact' }),
      ]
      assert.deepEqual(
        tangent.map(({ hits, documentsScored }) => ({ hits, documentsScored })),
        exact.map(({ hits, documentsScored }) => ({ hits, documentsScored })),
      )
      assert.deepEqual(
        tangent.map(({ documentsScanned }) => documentsScanned),
        [738, 3, 0],
      )
    }
  })

  it('finds the best of a q-net that is linear by scoring a few, over stretches and segments', async () => {
    const shards = [{ shard: 0, segments: [segmentOf(stretchRows + 500, 1), segmentOf(2_000, 2)] }]
    let found = 0
    for (let seed = 1; seed <= 10; seed++) {
      const weights = pseudoRandomWeights(plain, 1_000 * seed)
      const [tangent] = await scan(plain, weights, shards)
      const [exact] = await scan(plain, weights, shards, { plan: 'exact' })
      assert.equal(tangent!.documentsScored, 100)
      const best = new Set(exact!.hits.map(({ id }) => id))
      found += tangent!.hits.filter(({ id }) => best.has(id)).length
      for (const hit of tangent!.hits) {
        const same = exact!.hits.find(({ id }) => id === hit.id)
        if (same !== undefined) assert.deepEqual(hit, same)
      }
    }
    assert.equal(found, 100)
  })

  it('never gives a deleted row, however many of the best are deleted', async () => {
    const weights = pseudoRandomWeights(plain, 5)
    const segments = [segmentOf(1_000, 1)]
    const best = (await scan(plain, weights, [{ shard: 0, segments }], { limit: 300, plan: 'exact' }))[0]!.hits
    const deleted = best.slice(0, 250).map(({ row }) => row)
    const shards = [{ shard: 0, segments: [segmentOf(1_000, 1, deleted)] }]
    const [scanned] = await scan(plain, weights, shards, { candidates: 50 })
    assert.deepEqual(
      scanned!.hits.map(({ row }) => row),
      best.slice(250, 260).map(({ row }) => row),
    )
    assert.deepEqual([scanned!.documentsScored, scanned!.documentsScanned], [50, 750])
  })

  it('shares the stretches with others that claim from one counter', async () => {
    const weights = pseudoRandomWeights(deep, 6)
    const shards = [{ shard: 0, segments: [segmentOf(3 * stretchRows, 1)] }]
    let next = 0
    const claimPiece = () => next++
    const [one, other] = await Promise.all([1, 2].map(() => scan(deep, weights, shards, { claimPiece })))
    assert.equal(one![0]!.documentsScanned + other![0]!.documentsScanned, 3 * stretchRows)
    const both = [...one![0]!.hits, ...other![0]!.hits].sort(compareRank).slice(0, 10)
    const [alone] = await scan(deep, weights, shards)
    assert.ok(compareRank(both[9]!, alone!.hits[9]!) <= 0)
  })

  it('scores every document where the tangent is not finite', async () => {
    const weights = pseudoRandomWeights(deep, 7)
    weights.matrices[0]![3] = Number.NaN
    const shards = [{ shard: 0, segments: [segmentOf(300, 1)] }]
    const [scanned] = await scan(deep, weights, shards, { candidates: 10 })
    const [exact] = await scan(deep, weights, shards, { plan: 'exact' })
    assert.deepEqual(idsOf([scanned!]), idsOf([exact!]))
    assert.deepEqual([scanned!.documentsScored, scanned!.nonFiniteScores], [300, exact!.nonFiniteScores])
  })

  it('counts documents as searched only once the best of them are scored', async () => {
    const weights = pseudoRandomWeights(deep, 8)
    const shards = [{ shard: 0, segments: [segmentOf(2 * stretchRows, 1)] }]
    for (const [stepsAllowed, scanned] of [
      [1, 0],
      [2, 0],
      [3, 2 * stretchRows],
    ] as const) {
      let asked = 0
      const stopBefore = () => (asked++ < stepsAllowed ? undefined : 'deadline')
      const [part] = await scan(deep, weights, shards, { stopBefore })
      assert.deepEqual([part!.documentsScanned, part!.stop === 'deadline'], [scanned, scanned === 0])
    }
  })

  it('finds the best of what a filter leaves, however much that is', async () => {
    const weights = pseudoRandomWeights(plain, 10)
    const rows = stretchRows + 300
    for (const left of [0.001, 0.01, 0.1, 0.5, 0.9, 0.999]) {
      const out = Array.from({ length: rows }, (_, row) => row).filter(row => (row * 0.618_034) % 1 >= left)
      const shards = [{ shard: 0, segments: [segmentOf(rows, 1, out)] }]
      const [tangent] = await scan(plain, weights, shards, { candidates: 60 })
      const [exact] = await scan(plain, weights, shards, { plan: 'exact' })
      assert.deepEqual(tangent!.hits, exact!.hits)
      assert.equal(exact!.documentsScored, rows - out.length)
      assert.equal(tangent!.documentsScanned, rows - out.length)
      assert.equal(tangent!.documentsScored, Math.min(60, rows - out.length))
    }
  })

  it('takes no tangent where no more documents are left than are scored anyway', async () => {
    const shards = [{ shard: 0, segments: [segmentOf(700, 1, Array.from(Array(650).keys())), segmentOf(50, 2)] }]
    const tangents = () => assert.fail('a tangent was asked for')
    const weights = pseudoRandomWeights(deep, 11)
    const [tangent] = await scan(deep, weights, shards, { candidates: 100, tangents })
    const [exact] = await scan(deep, weights, shards, { plan: 'exact' })
    assert.deepEqual([tangent!.hits, tangent!.documentsScored], [exact!.hits, 100])
  })

  it('walks a graph to the best, with what is excluded left out', async () => {
    const weights = pseudoRandomWeights(plain, 12)
    const out = [3, 5, 8, 13]
    const [one, other] = [segmentOf(3_000, 1, out), segmentOf(800, 2)]
    const withGraph = { ...one, segment: { ...one.segment, graph: graphOf(one) } }
    const whole = { segments: [one, other] }
    const [exact] = await scan(plain, weights, [{ shard: 0, ...whole }], { plan: 'exact' })
    const shards = [{ shard: 0, segments: [withGraph] }]
    const [exactOfOne] = await scan(plain, weights, [{ shard: 0, segments: [one] }], { plan: 'exact' })
    const [walked] = await scan(plain, weights, shards, { candidates: 60, expansion: 200 })
    assert.deepEqual(walked!.hits, exactOfOne!.hits)
    assert.deepEqual([walked!.documentsWalked, walked!.documentsScanned, walked!.documentsScored], [2_996, 0, 60])

    const both = [withGraph, { ...other, segment: { ...other.segment, graph: graphOf(other) } }]
    const [ofBoth] = await scan(plain, weights, [{ shard: 0, segments: both }], { candidates: 60, expansion: 200 })
    assert.deepEqual(ofBoth!.hits, exact!.hits)
  })

  it('scores every document of a graph where the tangent is not finite', async () => {
    const weights = pseudoRandomWeights(deep, 7)
    weights.matrices[0]![3] = Number.NaN
    const one = segmentOf(300, 1, [4])
    const shards = [{ shard: 0, segments: [{ ...one, segment: { ...one.segment, graph: { nearest: assert.fail } } }] }]
    const [walked] = await scan(deep, weights, shards, { candidates: 10, expansion: 20 })
    assert.deepEqual([walked!.documentsScored, walked!.documentsWalked], [299, 299])
  })

  it('goes on after a position', async () => {
    const weights = pseudoRandomWeights(deep, 9)
    const shards = [{ shard: 0, segments: [segmentOf(500, 1)] }]
    const [all] = await scan(deep, weights, shards, { candidates: 500, limit: 20 })
    const [rest] = await scan(deep, weights, shards, { candidates: 500, after: all!.hits[9]! })
    assert.deepEqual(rest!.hits, all!.hits.slice(10, 20))
  })
})
