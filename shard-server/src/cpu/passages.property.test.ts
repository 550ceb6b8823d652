import assert from 'node:assert/strict'
import { compareRank, type RankPosition } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import { blockRows, type QNetArchitecture, QNetScorer, type QNetWeights } from '@hypershard/qnet'
import { createBitmap, DocumentGraph, setBit, shardOf } from '@hypershard/storage'
import fc from 'fast-check'
import type { ScanHit } from '../ports.ts'
import { JointScores } from './joint-scores.ts'
import { scoreCandidates } from './query-scorer.ts'
import { QueryTurns } from './query-turns.ts'
import { bestOf, rankCandidates } from './rank-candidates.ts'
import { rowBlocks } from './row-blocks.ts'
import { makeScanCopy } from './scan-copy.ts'
import type { ScanSegment, ScanShard } from './scan-segment.ts'
import { scanShards } from './scan-shards.ts'
import { searchByTangent } from './search-by-tangent.ts'
import { SharedPasses } from './shared-passes.ts'
import { TurnQueue } from './turn-queue.ts'
import { copyRows, vectorsInMemory } from './vector-rows.ts'

const width = 16
const deep = publishedArchitecture(width, 2)
const plain: QNetArchitecture = { ...deep, vectorDimensions: [width, 1] }

interface Document {
  readonly id: string
  /** One a passage. */
  readonly vectors: readonly Float32Array[]
  readonly excluded: boolean
}

/** Few different vectors, so that passages of one document tie, and documents. */
const documentsOf = (counts: readonly { passages: number; excluded: boolean; seed: number }[]): Document[] =>
  counts.map(({ passages, excluded, seed }, number) => ({
    id: `document-${(number * 7919) % counts.length}`,
    vectors: Array.from({ length: passages }, (_, at) => pseudoRandomTensor((seed + 3 * at) % 40, width, 1)),
    excluded,
  }))

/** Each shard has its documents in two segments. */
function toShards(documents: readonly Document[], shards: number, withGraph = false): ScanShard[] {
  return Array.from({ length: shards }, (_, shard) => {
    const own = documents.filter(({ id }) => shardOf(id, shards) === shard)
    const half = own.length >> 1
    const parts = [own.slice(0, half), own.slice(half)].filter(part => part.length > 0)
    return { shard, segments: parts.map((part, at) => segmentOf(part, 2 * shard + at, withGraph)) }
  })
}

function segmentOf(documents: readonly Document[], position: number, withGraph: boolean): ScanSegment {
  const all = documents.flatMap(({ vectors }) => vectors)
  const values = new Float32Array(all.length * width)
  for (const [at, vector] of all.entries()) values.set(vector, at * width)
  const starts = new Int32Array(documents.length + 1)
  for (const [row, { vectors }] of documents.entries()) starts[row + 1] = starts[row]! + vectors.length
  const excluded = documents.some(own => own.excluded) ? createBitmap(documents.length) : undefined
  for (const [row, own] of documents.entries()) if (own.excluded) setBit(excluded!, row)
  const vectors = vectorsInMemory(values, width)
  const ids = { idBytes: (row: number) => Buffer.from(documents[row]!.id) }
  const graph = withGraph ? DocumentGraph.empty(width, values) : undefined
  graph?.append(values)
  // As where no text was cut.
  const isWhole = documents.every(own => own.vectors.length === 1)
  const segment = { vectors, ids, starts: isWhole ? undefined : starts, scanCopy: makeScanCopy(vectors), graph }
  return { segment, position, excluded, eligible: documents.filter(own => !own.excluded).length }
}

type Found = Pick<ScanHit, 'id' | 'score' | 'passage'>

describe('documents of several passages', () => {
  const scorers = new Map([deep, plain].map(architecture => [architecture, new QNetScorer(architecture)]))

  /** Every vector scored by itself, in the plainest way. */
  async function oracle(architecture: QNetArchitecture, weights: QNetWeights, documents: readonly Document[]) {
    const block = await scorers.get(architecture)!.prepareFp32(weights)
    const found: Required<Found>[] = []
    for (const { id, vectors, excluded } of documents) {
      if (excluded) continue
      const scores: number[] = []
      for (const vector of vectors) scores.push((await block.score(vector))[0]!)
      const score = Math.max(...scores)
      found.push({ id, score, passage: scores.indexOf(score) })
    }
    return found.sort(compareRank)
  }

  async function scanExactly(
    architecture: QNetArchitecture,
    weights: QNetWeights,
    shards: readonly ScanShard[],
    { limit, after }: { limit: number; after?: RankPosition | undefined },
  ) {
    let next = 0
    const block = await scorers.get(architecture)!.prepareFp32(weights)
    const claimPiece = () => next++
    const options = { limit, after, claimPiece, stopBefore: () => undefined, monotonicMs: () => 0 }
    const steps = scanShards(block, shards, options)
    for (;;) {
      const { done, value } = await steps.next()
      if (done) return value
    }
  }

  async function scanByTangent(
    architecture: QNetArchitecture,
    weights: QNetWeights,
    { shard, segments }: ScanShard,
    options: { limit: number; candidates: number; parts?: number; expansion?: number },
  ) {
    const scorer = scorers.get(architecture)!
    const block = await scorer.prepareFp32(weights)
    const joint = new JointScores(rows => block.score(copyRows(rows)))
    const turns = new QueryTurns({ queue: new TurnQueue(), monotonicMs: () => 0, stopBefore: () => undefined })
    const takeTurn = (piece: () => Promise<void> | void) => turns.take(piece)
    const tangents = (points: Float32Array) => scorer.tangents(weights, points)
    const { candidates, limit, expansion, parts: of = 1 } = options
    const plan = {
      kind: 'tangent' as const,
      count: { kind: 'fixed' as const, candidates },
      expansions: segments.map(() => expansion),
    }
    return searchByTangent(
      { shard, plan, segments: segments.map(({ segment: { ids }, ...at }) => ({ ...at, ids })) },
      {
        rank: async wish => {
          const ranking = { tangents, takeTurn, passes: new SharedPasses() }
          const parts = Array.from({ length: of }, (_, part) =>
            rankCandidates(segments, { ...wish, part, of }, ranking),
          )
          const ranked = await Promise.all(parts)
          const all = ranked.flatMap(part => part.candidates)
          const sum = (count: 'scanned' | 'walked') => ranked.reduce((total, part) => total + part[count], 0)
          const best = bestOf(all, wish.kept, true)
          return { candidates: best, scanned: sum('scanned'), walked: sum('walked'), stop: undefined }
        },
        score: wanted => scoreCandidates(joint, segments, wanted, takeTurn),
      },
      { limit },
    )
  }

  const merged = (scans: readonly { hits: readonly ScanHit[] }[], limit: number): Found[] =>
    scans
      .flatMap(({ hits }) => hits)
      .sort(compareRank)
      .slice(0, limit)
      .map(({ id, score, passage = 0 }) => ({ id, score, passage }))

  // Some documents of more passages than a block has rows, which no other block may have a part of.
  const passages = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: 6 }) },
    { weight: 2, arbitrary: fc.integer({ min: 60, max: 200 }) },
    { weight: 1, arbitrary: fc.integer({ min: 510, max: 700 }) },
  )
  const document = fc.record({ passages, excluded: fc.integer({ min: 0, max: 3 }).map(n => n === 0), seed: fc.nat(40) })
  // Documents of one passage first, so that some segments have no others.
  const counts = fc
    .array(document, { minLength: 1, maxLength: 80 })
    .map(given => given.toSorted((a, b) => Math.min(a.passages, 2) - Math.min(b.passages, 2)))
  const query = fc.record({ seed: fc.nat(1_000), limit: fc.integer({ min: 1, max: 12 }) })
  const runs = { numRuns: casesOf({ usual: 12, thorough: 300 }) }

  it('are found page by page, once each, by their best passage, from 1, 2, 4 and 8 shards alike', async () => {
    await fc.assert(
      fc.asyncProperty(counts, query, async (given, { seed, limit }) => {
        const documents = documentsOf(given)
        const weights = pseudoRandomWeights(deep, seed)
        const expected = await oracle(deep, weights, documents)
        for (const shards of [1, 2, 4, 8]) {
          const layout = toShards(documents, shards)
          const found: Found[] = []
          for (;;) {
            const last = found.at(-1)
            const after = last && { id: last.id, score: last.score }
            const scans = await scanExactly(deep, weights, layout, { limit, after })
            const scored = scans.reduce((sum, { documentsScored }) => sum + documentsScored, 0)
            assert.equal(scored, expected.length)
            const page = merged(scans, limit)
            found.push(...page)
            if (page.length < limit) break
          }
          assert.deepEqual(found, expected)
        }
      }),
      runs,
    )
  })

  it('have by tangent the scores that they have exactly, and as many are found as there are to find', async () => {
    await fc.assert(
      fc.asyncProperty(counts, query, fc.integer({ min: 1, max: 3 }), async (given, { seed, limit }, parts) => {
        const documents = documentsOf(given)
        const weights = pseudoRandomWeights(deep, seed)
        const expected = await oracle(deep, weights, documents)
        const scores = new Map(expected.map(found => [found.id, found]))
        const [layout] = toShards(documents, 1)
        for (const candidates of [limit, 2 * limit, documents.length]) {
          const scan = (await scanByTangent(deep, weights, layout!, { limit, candidates, parts }))!
          const hits = merged([scan], limit)
          assert.equal(hits.length, Math.min(limit, expected.length))
          assert.equal(new Set(hits.map(({ id }) => id)).size, hits.length)
          for (const hit of hits) assert.deepEqual(hit, scores.get(hit.id))
          assert.equal(scan.documentsScanned, expected.length)
          assert.equal(scan.documentsScored, Math.min(candidates, expected.length))
          if (candidates === documents.length) assert.deepEqual(hits, expected.slice(0, limit))
        }
      }),
      runs,
    )
  })

  it('are found by a linear q-net’s tangent as exactly, in stretches that cut through them', async () => {
    // 16,384 vectors are a stretch: every 30 or so passages a document.
    const given = Array.from({ length: 1_200 }, (_, seed) => ({
      passages: 1 + ((seed * 37) % 60),
      excluded: false,
      seed,
    }))
    const documents = documentsOf(given).map(({ vectors, ...rest }, number) => ({
      ...rest,
      vectors: vectors.map((_, at) => pseudoRandomTensor(1_000 * number + at, width, 1)),
    }))
    const [layout] = toShards(documents, 1)
    assert(layout!.segments.every(({ segment }) => segment.scanCopy.stretches.length > 1))
    for (const seed of [1, 2, 3]) {
      const weights = pseudoRandomWeights(plain, seed)
      const exact = merged(await scanExactly(plain, weights, [layout!], { limit: 10 }), 10)
      for (const parts of [1, 2]) {
        const scan = (await scanByTangent(plain, weights, layout!, { limit: 10, candidates: 60, parts }))!
        assert.deepEqual([merged([scan], 10), scan.documentsScanned], [exact, documents.length])
      }
    }
  })

  it('are found by a walk of a graph of their passages', async () => {
    const given = Array.from({ length: 300 }, (_, seed) => ({
      passages: 1 + (seed % 5),
      excluded: seed % 7 === 0,
      seed,
    }))
    const documents = documentsOf(given).map(({ vectors, ...rest }, number) => ({
      ...rest,
      vectors: vectors.map((_, at) => pseudoRandomTensor(1_000 * number + at, width, 1)),
    }))
    const [layout] = toShards(documents, 1, true)
    const weights = pseudoRandomWeights(plain, 4)
    const exact = merged(await scanExactly(plain, weights, [layout!], { limit: 5 }), 5)
    const scan = (await scanByTangent(plain, weights, layout!, { limit: 5, candidates: 40, expansion: 200 }))!
    assert.deepEqual(merged([scan], 5), exact)
    assert.equal(scan.documentsWalked, documents.filter(({ excluded }) => !excluded).length)
  })

  it('lie whole in blocks of no more vectors than are scored at once, or alone', () => {
    fc.assert(
      fc.property(fc.array(passages, { minLength: 1, maxLength: 200 }), fc.boolean(), (given, filtered) => {
        const starts = new Int32Array(given.length + 1)
        for (const [row, own] of given.entries()) starts[row + 1] = starts[row]! + own
        const excluded = filtered ? createBitmap(given.length) : undefined
        for (let row = 0; filtered && row < given.length; row += 2) setBit(excluded!, row)
        const rows: number[] = []
        for (const block of rowBlocks(given.length, excluded, starts)) {
          const all = Array.from({ length: block.last - block.first }, (_, at) => block.first + at)
          const own = block.rows === undefined ? all : [...block.rows]
          const vectors = own.reduce((sum, row) => sum + given[row]!, 0)
          assert(vectors <= blockRows || own.length === 1, `${vectors} vectors of ${own.length} documents`)
          rows.push(...own)
        }
        const eligible = [...given.keys()].filter(row => !filtered || row % 2 === 1)
        const found = rows.filter(row => !filtered || row % 2 === 1)
        assert.deepEqual(found, eligible)
      }),
    )
  })

  it('are one candidate each, by the better of their estimates', () => {
    const found = [
      { segment: 0, row: 1, estimate: 1 },
      { segment: 0, row: 2, estimate: 3 },
      { segment: 0, row: 1, estimate: 4 },
      { segment: 1, row: 1, estimate: 2 },
    ]
    assert.deepEqual(bestOf([...found], 4, true), [found[2], found[1], found[3]])
  })
})
