/** Ways to search the same vectors: the shard server's plans, and what they are held against. */
import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import {
  type BlockScorer,
  type QNetArchitecture,
  QNetScorer,
  readWeights,
  type ScoringPrecision,
} from '@hypershard/qnet'
import { type ScanRequest, type ScoringPool, WeightsMemory } from '@hypershard/shard-server'
import type { DocumentGraph } from '@hypershard/storage'
import { idOf } from '../hold-vectors.ts'
import type { BenchQuery } from './bench-queries.ts'

export const hits = 10
const timeoutMs = 600_000

export interface FoundHit {
  readonly id: string
  readonly score: number
}

export interface Found {
  /** Best first. */
  readonly hits: readonly FoundHit[]
  /** Documents that a q-net scored; a gradient counts as three. */
  readonly evaluations: number
  /** int8 vectors read, or rows kept in walks. */
  readonly scanned: number
}

export interface Searcher {
  /** The plan's name, which stands for a family of settings. */
  readonly plan: string
  readonly knobs: string
  readonly recallTarget?: number
  search(query: BenchQuery): Promise<Found>
}

const memory = new WeightsMemory()
/** As a server sends its threads none for fp32. */
const noSample = new Float32Array(0)

/** A plan of the shard server by its own scoring threads. A query is one that the server has not seen before. */
export function planSearcher(
  pool: ScoringPool,
  { rangeSample, shards }: Pick<ScanRequest, 'rangeSample' | 'shards'>,
  how: { readonly scoring?: ScoringPrecision; readonly plan: ScanRequest['plan'] },
): Omit<Searcher, 'plan' | 'knobs'> {
  const { scoring = 'fp32', plan } = how
  const corpus = { shards, rangeSample: scoring === 'int8' ? rangeSample : noSample }
  return {
    search: async ({ qnet: { bytes, ...qnet } }) => {
      const weights = memory.copy(bytes)
      const request = { qnet: { ...qnet, weights }, scoring, plan, limit: hits, after: undefined, ...corpus }
      const { scans } = await pool.scan({ ...request, endEpochMs: Date.now() + timeoutMs }, Deadline.after(timeoutMs))
      memory.giveBack(weights)
      for (const { stop } of scans) assert.equal(stop, 'complete')
      const found = scans.flatMap(scan => scan.hits).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
      return {
        hits: found.slice(0, hits),
        evaluations: scans.reduce((sum, { documentsScored }) => sum + documentsScored, 0),
        scanned: scans.reduce((sum, { documentsScanned }) => sum + documentsScanned, 0),
      }
    },
  }
}

export interface PlainCorpus {
  readonly architecture: QNetArchitecture
  /** f32 [rows, width] */
  readonly vectors: Float32Array
  readonly width: number
}

/**
 * The query's own dense vector by the graph, then the q-net on the best `candidates`. The q-net comes as the wire has it and
 * is copied, as for the plans; nobody checks it, which for those another thread does meanwhile.
 */
export function denseSearcher(
  corpus: PlainCorpus,
  graph: DocumentGraph,
  { expansion, candidates }: { readonly expansion: number; readonly candidates: number },
): Searcher {
  const scorer = new QNetScorer(corpus.architecture)
  return {
    plan: 'dense, HNSW, rerank',
    knobs: `expansion ${expansion}, candidates ${candidates}`,
    search: async ({ dense, qnet: { bytes, architecture, precision } }) => {
      const weights = memory.copy(bytes)
      const rows = graph.nearest(dense!, expansion).slice(0, candidates)
      const prepared = await scorer.prepareFp32(readWeights(architecture, weights.bytes, precision))
      const scores = await scoreRows(prepared, corpus, rows)
      memory.giveBack(weights)
      return { hits: bestOf(rows, scores), evaluations: rows.length, scanned: expansion }
    },
  }
}

export interface GreedyKnobs {
  readonly entryPoints: number
  readonly candidates: number
  readonly iterationsMax: number
}

/**
 * The greedy search of the Hypencoder paper (arXiv 2502.05364, section 3.5) with early stop: score random entry points, then
 * the neighbours of the best `candidates`, and so on until no step brings a better one.
 * @param neighbours rows [rows, each]
 */
export function greedySearcher(
  corpus: PlainCorpus,
  { neighbours, each }: { readonly neighbours: Int32Array; readonly each: number },
  { entryPoints, candidates, iterationsMax }: GreedyKnobs,
): Searcher {
  const scorer = new QNetScorer(corpus.architecture)
  const rows = corpus.vectors.length / corpus.width
  const step = Math.max(1, Math.floor(rows / entryPoints))
  const entries = Array.from({ length: Math.min(entryPoints, rows) }, (_, at) => at * step)
  return {
    plan: 'greedy (the paper)',
    knobs: `${entryPoints} entry points, ${candidates} candidates`,
    search: async ({ weights }) => {
      const prepared = await scorer.prepareFp32(weights)
      const seen = new Uint8Array(rows)
      let frontier = entries
      let best: FoundHit[] = []
      let evaluations = 0
      for (let iteration = 0; iteration < iterationsMax && frontier.length > 0; iteration++) {
        for (const row of frontier) seen[row] = 1
        const scores = await scoreRows(prepared, corpus, frontier)
        evaluations += frontier.length
        const order = frontier.map((_, at) => at).sort((a, b) => scores[b]! - scores[a]!)
        const before = best
        const found = bestOf(frontier, scores)
        best = [...before, ...found].sort((a, b) => b.score - a.score).slice(0, hits)
        if (before.length === hits && best.every((hit, at) => hit === before[at])) break
        const next: number[] = []
        for (const at of order.slice(0, candidates)) {
          const row = frontier[at]!
          for (const neighbour of neighbours.subarray(row * each, (row + 1) * each)) {
            if (seen[neighbour] === 1) continue
            seen[neighbour] = 1
            next.push(neighbour)
          }
        }
        frontier = next
      }
      return { hits: best, evaluations, scanned: 0 }
    },
  }
}

/** The rows nearest to each row, without itself: [rows, each], by the graph. */
export function neighboursOf(graph: DocumentGraph, { vectors, width }: PlainCorpus, each: number): Int32Array {
  const rows = vectors.length / width
  const neighbours = new Int32Array(rows * each)
  for (let row = 0; row < rows; row++) {
    const near = graph.nearest(vectors.slice(row * width, (row + 1) * width), each + 1).filter(other => other !== row)
    neighbours.set(near.slice(0, each), row * each)
  }
  return neighbours
}

const rowsPerBlock = 512

async function scoreRows(scorer: BlockScorer, { vectors, width }: PlainCorpus, rows: readonly number[]) {
  const scores = new Float32Array(rows.length)
  for (let first = 0; first < rows.length; first += rowsPerBlock) {
    const some = rows.slice(first, first + rowsPerBlock)
    const block = new Float32Array(some.length * width)
    for (const [at, row] of some.entries()) block.set(vectors.subarray(row * width, (row + 1) * width), at * width)
    scores.set(await scorer.score(block), first)
  }
  return scores
}

function bestOf(rows: readonly number[], scores: Float32Array): FoundHit[] {
  return rows
    .map((row, at) => ({ id: idOf(row), score: scores[at]! }))
    .sort((a, b) => b.score - a.score)
    .slice(0, hits)
}
