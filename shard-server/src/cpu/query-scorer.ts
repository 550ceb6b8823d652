import {
  allFinite,
  architectureKey,
  blockRows,
  type QNetArchitecture,
  QNetScorer,
  type QNetWeights,
  readWeights,
  type Tangents,
} from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import type { RowToScore, SharedQNet } from '../ports.ts'
import { expectGoodWeights } from './check-weights.ts'
import { bestOfEach, countOfRow, type DocumentScores, vectorsOfRow } from './document-rows.ts'
import type { JointScores } from './joint-scores.ts'
import { tangentsOf } from './kept-tangents.ts'
import type { TaskQuery } from './messages.ts'
import type { Ranked, RankOptions } from './rank-candidates.ts'
import type { ScanSegment } from './scan-segment.ts'
import type { PieceScorer } from './scan-shards.ts'

/** Compiled architectures kept; a server sees one a model. */
const scorersMax = 8
/** Read q-nets kept: views of the shared weights, for the next page or the next who asks the same. */
const readQNetsMax = 64

const scorers = new LRUCache<string, QNetScorer>({ max: scorersMax })
/** By `SharedWeights.copy`. */
const readQNets = new LRUCache<number, QNetWeights>({ max: readQNetsMax })

/** The scores of candidates, or of the first of them. */
export interface ScoredCandidates extends DocumentScores {
  readonly stop: Ranked['stop']
}

/** A query's q-net on this thread. */
export interface QueryScorer extends PieceScorer {
  /** At the means of segments. */
  readonly tangents: (segments: readonly ScanSegment[]) => Promise<Tangents>
  /** At points, f32 row-major [count, width]. */
  readonly tangentsAt: (points: Float32Array) => Promise<Tangents>
}

/**
 * Reads the q-net when the first piece is worked on: a thread that finds nothing left to do need not. That happens here, off
 * the main thread: 14 MB take some 10 ms.
 */
export function laterScorer({ qnet, scoring, rangeSample }: TaskQuery, onRead: () => void): QueryScorer {
  const read = once(async () => {
    const weights = weightsOf(qnet)
    const scorer = scorerOf(qnet.architecture)
    onRead()
    return { weights, scorer }
  })
  const prepare = once(async () => {
    const { weights, scorer } = await read()
    return scoring === 'int8' ? scorer.prepareInt8(weights, rangeSample) : scorer.prepareFp32(weights)
  })
  return {
    score: async documents => (await prepare()).score(documents),
    tangentsAt: async points => {
      const { scorer, weights } = await read()
      return scorer.tangents(weights, points)
    },
    tangents: async segments => {
      const { scorer, weights } = await read()
      const make = (points: Float32Array) => scorer.tangents(weights, points)
      const tangents = await tangentsOf(qnet.weights.copy, segments, make)
      // Without a tangent every document would be scored. First make sure that the weights are not to be refused.
      if (!allFinite(tangents.scores)) expectGoodWeights(qnet)
      return tangents
    },
  }
}

/** Block by block, each at a turn. @returns the scores of the candidates, or of the first of them */
export async function scoreCandidates(
  joint: JointScores,
  segments: readonly ScanSegment[],
  candidates: readonly RowToScore[],
  takeTurn: RankOptions['takeTurn'],
): Promise<ScoredCandidates> {
  const scores = new Float32Array(candidates.length)
  const hasPassages = segments.some(({ segment }) => segment.starts !== undefined)
  const passages = hasPassages ? new Int32Array(candidates.length) : undefined
  let first = 0
  for (const { block, counts } of candidateBlocks(segments, candidates)) {
    const rows = block.flatMap(({ segment: at, row }) => {
      const { vectors, starts } = segments[at]!.segment
      return vectorsOfRow(starts, row).map(vector => ({ vectors, row: vector }))
    })
    const wish = joint.add(rows)
    const stop = await takeTurn(async () => {
      // Another shard of the query may have had them scored while this one waited.
      if (wish.scores === undefined) await joint.grant(wish)
    })
    if (wish.scores === undefined) {
      return { scores: scores.slice(0, first), passages: passages?.slice(0, first), stop }
    }
    const best = hasPassages ? bestOfEach(wish.scores, counts) : { scores: wish.scores, passages: undefined }
    scores.set(best.scores, first)
    if (best.passages !== undefined) passages!.set(best.passages, first)
    first += block.length
  }
  return { scores, passages, stop: undefined }
}

/** Candidates with at most `blockRows` vectors together, or one that has more. */
function* candidateBlocks(segments: readonly ScanSegment[], candidates: readonly RowToScore[]) {
  let block: RowToScore[] = []
  let counts: number[] = []
  let vectors = 0
  for (const candidate of candidates) {
    const own = countOfRow(segments[candidate.segment]!.segment.starts, candidate.row)
    if (block.length > 0 && vectors + own > blockRows) {
      yield { block, counts }
      block = []
      counts = []
      vectors = 0
    }
    block.push(candidate)
    counts.push(own)
    vectors += own
  }
  if (block.length > 0) yield { block, counts }
}

/**
 * The tangents of several shards' segments in one run, made when the first is asked for. A point's is the same to the bit
 * beside whatever others.
 * @returns for each shard, what gives its own
 */
export function jointTangents(
  { tangents }: Pick<QueryScorer, 'tangents'>,
  shards: readonly (readonly ScanSegment[])[],
): RankOptions['tangents'][] {
  const made = once(() => tangents(shards.flat()))
  let first = 0
  return shards.map(segments => {
    const from = first
    first += segments.length
    return async points => {
      const { scores, gradients } = await made()
      const width = points.length / segments.length
      const to = from + segments.length
      return { scores: scores.subarray(from, to), gradients: gradients.subarray(from * width, to * width) }
    }
  })
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Their values may be anything until `expectGoodWeights` has passed them. */
function weightsOf({ architecture, precision, weights: { bytes, copy } }: SharedQNet): QNetWeights {
  const known = readQNets.get(copy)
  if (known !== undefined) return known
  const read = readWeights(architecture, bytes, precision)
  readQNets.set(copy, read)
  return read
}

function scorerOf(architecture: QNetArchitecture): QNetScorer {
  const key = architectureKey(architecture)
  const scorer = scorers.get(key) ?? new QNetScorer(architecture)
  scorers.set(key, scorer)
  return scorer
}
