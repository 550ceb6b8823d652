import {
  allFinite,
  architectureKey,
  blockRows,
  type QNetArchitecture,
  QNetScorer,
  type QNetWeights,
  readWeights,
} from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import type { SharedQNet } from '../ports.ts'
import { expectGoodWeights } from './check-weights.ts'
import type { TaskQuery } from './messages.ts'
import type { Candidate, Ranked, RankOptions } from './rank-candidates.ts'
import type { ScanSegment } from './scan-segment.ts'
import type { PieceScorer } from './scan-shards.ts'
import { copyRows } from './vector-rows.ts'

/** Compiled architectures kept; a server sees one a model. */
const scorersMax = 8
/** Read q-nets kept: views of the shared weights, for the next page or the next who asks the same. */
const readQNetsMax = 64

const scorers = new LRUCache<string, QNetScorer>({ max: scorersMax })
/** By `SharedWeights.copy`. */
const readQNets = new LRUCache<number, QNetWeights>({ max: readQNetsMax })

/** A query's q-net on this thread. */
export interface QueryScorer extends PieceScorer {
  readonly tangents: RankOptions['tangents']
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
    tangents: async points => {
      const { scorer, weights } = await read()
      const tangents = await scorer.tangents(weights, points)
      // Without a tangent every document would be scored. First make sure that the weights are not to be refused.
      if (!allFinite(tangents.scores)) expectGoodWeights(qnet)
      return tangents
    },
  }
}

/** Block by block, each at a turn. @returns the scores of the candidates, or of the first of them */
export async function scoreCandidates(
  scorer: PieceScorer,
  segments: readonly ScanSegment[],
  candidates: readonly Candidate[],
  takeTurn: RankOptions['takeTurn'],
): Promise<{ readonly scores: Float32Array; readonly stop: Ranked['stop'] }> {
  const scores = new Float32Array(candidates.length)
  for (let first = 0; first < candidates.length; first += blockRows) {
    const block = candidates.slice(first, first + blockRows)
    const rows = block.map(({ segment, row }) => ({ vectors: segments[segment]!.segment.vectors, row }))
    const stop = await takeTurn(async () => scores.set(await scorer.score(copyRows(rows)), first))
    if (stop !== undefined) return { scores: scores.slice(0, first), stop }
  }
  return { scores, stop: undefined }
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
