import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import { type QNetArchitecture, QNetScorer, type QNetWeights } from '@hypershard/qnet'
import { createBitmap, DocumentGraph, setBit } from '@hypershard/storage'
import type { ShardScan } from '../ports.ts'
import type { CandidateCount } from './choose-plan.ts'
import { firstCandidates } from './expected-misses.ts'
import { JointScores } from './joint-scores.ts'
import { scoreCandidates } from './query-scorer.ts'
import { QueryTurns } from './query-turns.ts'
import { bestOf, type Ranked, rankCandidates } from './rank-candidates.ts'
import { makeScanCopy, stretchRows } from './scan-copy.ts'
import type { ScanSegment, ScanShard } from './scan-segment.ts'
import { scanShards } from './scan-shards.ts'
import { searchByTangent } from './search-by-tangent.ts'
import { SharedPasses } from './shared-passes.ts'
import { TurnQueue } from './turn-queue.ts'
import { copyRows, vectorsInMemory } from './vector-rows.ts'

const width = 16
const deep = publishedArchitecture(width, 2)
const shallow = publishedArchitecture(width, 1)
const plain: QNetArchitecture = { ...deep, vectorDimensions: [width, 1] }

function segmentOf(rows: number, seed: number, deletedRows: readonly number[] = []): ScanSegment {
  const vectors = vectorsInMemory(pseudoRandomTensor(seed, rows * width, 1), width)
  const ids = { idBytes: (row: number) => Buffer.from(`${seed}-${row}`) }
  const excluded = deletedRows.length === 0 ? undefined : createBitmap(rows)
  for (const row of deletedRows) setBit(excluded!, row)
  const segment = { vectors, ids, scanCopy: makeScanCopy(vectors), graph: undefined }
  return { segment, position: seed, excluded, eligible: rows - new Set(deletedRows).size }
}

function graphOf({ segment: { vectors } }: ScanSegment): DocumentGraph {
  const values = vectors.range(0, vectors.rows)
  const graph = DocumentGraph.empty(width, values)
  graph.append(values)
  return graph
}

describe('searchByTangent', () => {
  const scorers = new Map([deep, shallow, plain].map(architecture => [architecture, new QNetScorer(architecture)]))

  interface Options {
    limit?: number
    after?: { id: string; score: number }
    candidates?: number
    count?: CandidateCount
    expansion?: number
    /** How many share the work. */
    parts?: number
    passes?: SharedPasses
    stopBefore?: () => 'deadline' | undefined
    tangents?: (points: Float32Array) => Promise<never>
  }

  const monotonicMs = () => 0

  async function scanExactly(
    architecture: QNetArchitecture,
    weights: QNetWeights,
    shards: readonly ScanShard[],
    options: Options = {},
  ) {
    let next = 0
    const block = await scorers.get(architecture)!.prepareFp32(weights)
    const claimPiece = () => next++
    const steps = scanShards(block, shards, {
      limit: 10,
      claimPiece,
      stopBefore: () => undefined,
      monotonicMs,
      ...options,
    })
    for (;;) {
      const { done, value } = await steps.next()
      if (done) return value
    }
  }

  /** @returns undefined where exact scoring had better be used */
  async function scanOne(
    architecture: QNetArchitecture,
    weights: QNetWeights,
    { shard, segments }: ScanShard,
    options: Options = {},
  ) {
    const scorer = scorers.get(architecture)!
    const block = await scorer.prepareFp32(weights)
    const { limit = 10, after, parts = 1, passes = new SharedPasses(), stopBefore = () => undefined } = options
    const turns = new QueryTurns({ queue: new TurnQueue(), monotonicMs, stopBefore })
    const takeTurn = (piece: () => Promise<void> | void) => turns.take(piece)
    const tangents = options.tangents ?? ((points: Float32Array) => scorer.tangents(weights, points))
    const { count = { kind: 'fixed', candidates: options.candidates ?? 100 } } = options
    const plan = { kind: 'tangent' as const, count, expansions: segments.map(() => options.expansion) }
    return searchByTangent(
      { shard, plan, segments: segments.map(({ segment: { ids }, ...at }) => ({ ...at, ids })) },
      {
        rank: async wish => {
          const part = (at: number) =>
            rankCandidates(segments, { ...wish, part: at, of: parts }, { tangents, takeTurn, passes })
          return merged(await Promise.all(Array.from({ length: parts }, (_, at) => part(at))), wish.kept)
        },
        score: candidates =>
          scoreCandidates(new JointScores(rows => block.score(copyRows(rows))), segments, candidates, takeTurn),
      },
      { limit, after },
    )
  }

  function merged(parts: readonly Ranked[], kept: number): Ranked {
    const sum = (of: 'scanned' | 'walked') => parts.reduce((total, part) => total + part[of], 0)
    const candidates = parts.flatMap(part => part.candidates)
    const stop = parts.find(part => part.stop !== undefined)?.stop
    return { candidates: bestOf(candidates, kept, false), scanned: sum('scanned'), walked: sum('walked'), stop }
  }

  async function scan(
    architecture: QNetArchitecture,
    weights: QNetWeights,
    shards: readonly ScanShard[],
    options: Options = {},
  ) {
    const scans = []
    for (const shard of shards) scans.push((await scanOne(architecture, weights, shard, options))!)
    return scans
  }

  const forRecall = (recall: number, hits = 10) => {
    return { kind: 'recall', recall, hits, first: firstCandidates(hits) } satisfies CandidateCount as CandidateCount & {
      readonly hits: number
    }
  }

  const idsOf = (scans: readonly Pick<ShardScan, 'hits'>[]) => scans.map(({ hits }) => hits.map(({ id }) => id))

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
        await scanExactly(deep, weights, shards),
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
      const [exact] = await scanExactly(plain, weights, shards)
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

  it("gives hits the estimates that they were found by: of a linear q-net its scores, but for int8's rounding", async () => {
    const shards = [{ shard: 0, segments: [segmentOf(700, 1), segmentOf(900, 2)] }]
    const [found] = await scan(plain, pseudoRandomWeights(plain, 3), shards)
    assert.equal(found!.hits.length, 10)
    const spread = found!.hits[0]!.score - found!.hits.at(-1)!.score
    for (const [at, { score }] of found!.hits.entries()) {
      const estimate = found!.estimates![at]!
      assert.ok(Math.abs(estimate - score) < 0.1 * spread, `${estimate} for ${score}`)
    }
    const [all] = await scan(plain, pseudoRandomWeights(plain, 3), shards, { candidates: 2_000 })
    assert.equal(all!.estimates, undefined)
  })

  it('never gives a deleted row, however many of the best are deleted', async () => {
    const weights = pseudoRandomWeights(plain, 5)
    const segments = [segmentOf(1_000, 1)]
    const best = (await scanExactly(plain, weights, [{ shard: 0, segments }], { limit: 300 }))[0]!.hits
    const deleted = best.slice(0, 250).map(({ row }) => row)
    const shards = [{ shard: 0, segments: [segmentOf(1_000, 1, deleted)] }]
    const [scanned] = await scan(plain, weights, shards, { candidates: 50 })
    assert.deepEqual(
      scanned!.hits.map(({ row }) => row),
      best.slice(250, 260).map(({ row }) => row),
    )
    assert.deepEqual([scanned!.documentsScored, scanned!.documentsScanned], [50, 750])
  })

  it('scores the same documents and finds the same, however many share the work', async () => {
    const out = Array.from(Array(400).keys(), row => row * 7)
    const one = segmentOf(3_000, 2)
    const withGraph = { ...one, segment: { ...one.segment, graph: graphOf(one) } }
    const shard = {
      shard: 0,
      segments: [segmentOf(2 * stretchRows + 50, 1), withGraph, segmentOf(3_000, 3, out), segmentOf(40, 4)],
    }
    const choices: Options[] = [{ candidates: 70 }, { count: forRecall(0.95) }, { count: forRecall(0.5) }]
    for (const options of choices) {
      const weights = pseudoRandomWeights(deep, 6)
      const alone = await scanOne(deep, weights, shard, options)
      for (const parts of [2, 3, 7]) assert.deepEqual(await scanOne(deep, weights, shard, { ...options, parts }), alone)
      if (options.candidates !== undefined) assert.equal(alone!.documentsScored, 70)
    }
  })

  it('scores the same of documents that tie, however many share the work', async () => {
    const rows = 3 * stretchRows
    // Each comes some twenty times a stretch.
    const few = pseudoRandomTensor(1, 800 * width, 1)
    const values = Float32Array.from({ length: rows * width }, (_, at) => few[at % few.length]!)
    const vectors = vectorsInMemory(values, width)
    const segment = { ...segmentOf(1, 1).segment, vectors, scanCopy: makeScanCopy(vectors) }
    const shard = { shard: 0, segments: [{ segment, position: 0, excluded: undefined, eligible: rows }] }
    const weights = pseudoRandomWeights(plain, 6)
    const options = { candidates: 30, limit: 30 }
    const alone = await scanOne(plain, weights, shard, options)
    for (const parts of [2, 3]) {
      assert.deepEqual(await scanOne(plain, weights, shard, { ...options, parts }), alone)
    }
  })

  it('finds for several queries in one pass what each finds alone', async () => {
    const shard = { shard: 0, segments: [segmentOf(2 * stretchRows + 50, 1), segmentOf(3_000, 3, [5, 6, 7])] }
    const queries = [1, 2, 3, 4, 5, 6].map(seed => pseudoRandomWeights(deep, seed))
    const passes = new SharedPasses()
    const together = await Promise.all(queries.map(weights => scanOne(deep, weights, shard, { passes })))
    for (const [at, weights] of queries.entries()) {
      assert.deepEqual(together[at], await scanOne(deep, weights, shard))
    }
  })

  it('finds the recall asked for by scoring no more documents than there are, and says where exact scoring is better', async () => {
    const shard = { shard: 0, segments: [segmentOf(3_000, 1), segmentOf(900, 2, [1, 2, 3])] }
    for (const architecture of [plain, deep]) {
      for (const recall of [0.9, 0.99]) {
        let [found, bent] = [0, 0]
        const cases = casesOf({ usual: 12, thorough: 100 })
        for (let seed = 1; seed <= cases; seed++) {
          const weights = pseudoRandomWeights(architecture, 1_000 * seed)
          const scanned = await scanOne(architecture, weights, shard, { count: forRecall(recall) })
          const again = await scanOne(architecture, weights, shard, { count: forRecall(recall), parts: 3 })
          assert.deepEqual(again, scanned)
          const [exact] = await scanExactly(architecture, weights, [shard])
          const best = new Set(exact!.hits.map(({ id }) => id))
          assert.ok(scanned === undefined || scanned.documentsScored <= 3_897)
          found += scanned === undefined ? 10 : scanned.hits.filter(({ id }) => best.has(id)).length
          bent += Number(scanned === undefined)
          if (architecture === plain) assert.equal(scanned!.documentsScored, firstCandidates(10))
        }
        assert.ok(found >= recall * 10 * cases, `${found} of ${10 * cases} with ${recall}`)
        // With random weights a tangent tells little, and the search finds out.
        if (architecture === deep && recall === 0.99) assert.ok(bent > 0)
      }
    }
  })

  it('reads all vectors where what a walk came to does not suffice', async () => {
    const weights = pseudoRandomWeights(plain, 12)
    const one = segmentOf(3_000, 1)
    const segment = { ...one.segment, graph: { nearest: () => [1, 2, 3, 4, 5] } }
    const shards = [{ shard: 0, segments: [{ ...one, segment }] }]
    const [walked] = await scan(plain, weights, shards, { count: forRecall(0.9), expansion: 5 })
    const [exact] = await scanExactly(plain, weights, shards)
    assert.deepEqual(walked!.hits, exact!.hits)
    assert.deepEqual([walked!.documentsScanned, walked!.documentsWalked], [3_000, 0])
  })

  it('scores every document where the tangent is not finite', async () => {
    const weights = pseudoRandomWeights(deep, 7)
    weights.matrices[0]![3] = Number.NaN
    const shards = [{ shard: 0, segments: [segmentOf(300, 1)] }]
    const [scanned] = await scan(deep, weights, shards, { candidates: 10 })
    const [exact] = await scanExactly(deep, weights, shards)
    assert.deepEqual(idsOf([scanned!]), idsOf([exact!]))
    assert.deepEqual([scanned!.documentsScored, scanned!.nonFiniteScores], [300, exact!.nonFiniteScores])
  })

  it('counts documents as searched only once the best of them are scored', async () => {
    const weights = pseudoRandomWeights(deep, 8)
    const shards = [{ shard: 0, segments: [segmentOf(2 * stretchRows, 1)] }]
    for (const [stepsAllowed, scanned] of [
      [1, 0],
      [3, 0],
      [4, 2 * stretchRows],
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
      const [exact] = await scanExactly(plain, weights, shards)
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
    const [exact] = await scanExactly(deep, weights, shards)
    assert.deepEqual([tangent!.hits, tangent!.documentsScored], [exact!.hits, 100])
  })

  it('walks a graph to the best, with what is excluded left out', async () => {
    const weights = pseudoRandomWeights(plain, 12)
    const out = [3, 5, 8, 13]
    const [one, other] = [segmentOf(3_000, 1, out), segmentOf(800, 2)]
    const withGraph = { ...one, segment: { ...one.segment, graph: graphOf(one) } }
    const whole = { segments: [one, other] }
    const [exact] = await scanExactly(plain, weights, [{ shard: 0, ...whole }])
    const shards = [{ shard: 0, segments: [withGraph] }]
    const [exactOfOne] = await scanExactly(plain, weights, [{ shard: 0, segments: [one] }])
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

  it('goes on page by page for a recall, finding again what was given, no document twice', async () => {
    const shard = { shard: 0, segments: [segmentOf(3_000, 1), segmentOf(900, 2, [1, 2, 3])] }
    for (const architecture of [plain, shallow]) {
      const weights = pseudoRandomWeights(architecture, 21)
      const [exact] = await scanExactly(architecture, weights, [shard], { limit: 60 })
      const given: ShardScan['hits'][number][] = []
      while (given.length < 60) {
        const page = { limit: 10, count: forRecall(0.99, given.length + 10) } as const
        const after = given.at(-1)
        const options = { ...page, ...(after && { after }) }
        const scanned = await scanOne(architecture, weights, shard, options)
        assert.ok(architecture !== plain || scanned!.documentsScored === firstCandidates(page.count.hits))
        given.push(...(scanned ?? (await scanExactly(architecture, weights, [shard], options))[0])!.hits)
      }
      assert.deepEqual(given, exact!.hits)
    }
  })

  it('goes on after a position', async () => {
    const weights = pseudoRandomWeights(deep, 9)
    const shards = [{ shard: 0, segments: [segmentOf(500, 1)] }]
    const [all] = await scan(deep, weights, shards, { candidates: 500, limit: 20 })
    const [rest] = await scan(deep, weights, shards, { candidates: 500, after: all!.hits[9]! })
    assert.deepEqual(rest!.hits, all!.hits.slice(10, 20))
  })
})
