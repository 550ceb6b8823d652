/**
 * The tangent plan. Near the mean c of a segment's vectors the q-net is almost its tangent plane, s(x) ~ s(c) + g (x - c):
 * g is a plain query vector. int8 products with it rank every document at the speed of memory, or a walk of the segment's
 * neighbour graph goes where it points. The best, the candidates, are then scored by the q-net itself. Decisions 008 and 009
 * have what that finds of the exact answer.
 */
import { blockRows, type RowIds, type Tangents, TopHits } from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage'
import type { ScanCopy, ScanHit, ShardScan } from '../ports.ts'
import type { ShardPlan } from './choose-plan.ts'
import { driveScan, type ShardWork } from './drive-scan.ts'
import { eligibleRows, eligibleRowsOf } from './row-blocks.ts'
import { gatherCopied, type ScannedRow, type ScanQuery, scanStretch, stretchRows, toScanQuery } from './scan-copy.ts'
import type { ScanSegment, ScanShard } from './scan-segment.ts'
import { type PieceScorer, type ScanOptions, toHits } from './scan-shards.ts'
import { copyRows } from './vector-rows.ts'

/**
 * To get enough eligible rows, this many times the rows that should contain them are asked for, but at most this share
 * of a stretch.
 */
const overfetch = 1.5
const overfetchShareMax = 0.1

/** A shard and how it is searched. */
export interface TangentShard extends ScanShard {
  /** Per thread: T threads score up to T × candidates. */
  readonly plan: Extract<ShardPlan, { kind: 'tangent' }>
}

export interface TangentOptions extends ScanOptions {
  /** The q-net's tangent planes at f32 points, row-major [count, width]. */
  readonly tangents: (points: Float32Array) => Promise<Tangents>
}

/** A segment and its tangent plane. `query` is undefined where the plane is not finite, or not needed. */
interface Plane {
  readonly at: ScanSegment
  readonly copy: ScanCopy
  readonly query: ScanQuery | undefined
  readonly gradient: Float32Array
  /** s(c) - g c */
  readonly offset: number
}

interface Candidate {
  readonly at: ScanSegment
  readonly row: number
  readonly estimate: number
}

/**
 * As `scanShards`, but by tangent. What threads claim are walks of segments' graphs and stretches of segments. Several
 * scans may share one counter; each then scores the candidates of its own claims. `documentsScored` are those that the
 * q-net scored.
 */
export function scanByTangent(
  scorer: PieceScorer,
  shards: readonly TangentShard[],
  options: TangentOptions,
): AsyncGenerator<void, ShardScan[], void> {
  return driveScan(shards, shard => findCandidates(scorer, shard, options), options)
}

/** Pieces are stretches, by number, or a segment's one walk. What is left are the blocks of candidates to score. */
function findCandidates(
  scorer: PieceScorer,
  { segments, plan }: TangentShard,
  options: TangentOptions,
): ShardWork<number, readonly Candidate[]> {
  // Made at the first claim: a thread that claims nothing of a shard needs no tangents.
  let planes: readonly Plane[] = []
  let candidates: Candidate[] = []
  const searched = { scanned: 0, walked: 0 }
  const top = new CandidateHits(options)
  return {
    pieces: ({ segment }, index) =>
      plan.expansions[index] === undefined ? segment.scanCopy.stretches.keys() : onePiece,
    prepare: async () => {
      planes = await planesOf(segments, plan, options)
    },
    take: (piece, _, index) => {
      const [plane, expansion] = [planes[index]!, plan.expansions[index]]
      const found = expansion === undefined ? scanPlane(plane, piece, plan.candidates) : walkPlane(plane, expansion)
      searched[expansion === undefined ? 'scanned' : 'walked'] += found.eligible
      candidates = bestOf([...candidates, ...found.candidates], plan.candidates)
    },
    rest: {
      steps: () => blocksOf(candidates),
      take: async block => top.add(block, await scorer.score(vectorsOf(block))),
    },
    found: () => {
      // Documents whose candidates were not scored in time count as not searched.
      const share = candidates.length === 0 ? 1 : top.scored / candidates.length
      return {
        hits: top.hits(),
        documentsScored: top.scored,
        documentsScanned: Math.floor(searched.scanned * share),
        documentsWalked: Math.floor(searched.walked * share),
        plan: 'tangent',
        nonFiniteScores: top.nonFinite,
      }
    },
  }
}

const onePiece: readonly number[] = [0]

function* blocksOf(candidates: readonly Candidate[]): Generator<readonly Candidate[]> {
  for (let first = 0; first < candidates.length; first += blockRows) yield candidates.slice(first, first + blockRows)
}

/**
 * The planes of a shard's segments; without queries where all eligible documents would be scored anyway, as nothing is
 * to be ranked then.
 */
async function planesOf(
  segments: readonly ScanSegment[],
  { candidates }: TangentShard['plan'],
  { tangents }: TangentOptions,
): Promise<Plane[]> {
  if (segments.reduce((sum, { eligible }) => sum + eligible, 0) <= candidates) {
    const gradient = new Float32Array(0)
    return segments.map(at => ({ at, copy: at.segment.scanCopy, query: undefined, gradient, offset: 0 }))
  }
  const { width } = segments[0]!.segment.vectors
  const points = new Float32Array(segments.length * width)
  for (const [at, { segment }] of segments.entries()) points.set(segment.scanCopy.mean, at * width)
  const { scores, gradients } = await tangents(points)
  return segments.map((at, index) => {
    const copy = at.segment.scanCopy
    const gradient = gradients.subarray(index * width, (index + 1) * width)
    const offset = gradient.reduce((sum, value, dimension) => sum - value * copy.mean[dimension]!, scores[index]!)
    return { at, copy, query: Number.isFinite(offset) ? toScanQuery(gradient, copy) : undefined, gradient, offset }
  })
}

/** The eligible rows that a walk of the segment's graph comes to. Without a tangent every one is a candidate. */
function walkPlane({ at, copy, query, gradient, offset }: Plane, expansion: number) {
  const { segment, excluded, eligible } = at
  if (query === undefined) {
    const rows = eligibleRowsOf(0, segment.vectors.rows, excluded)
    return { eligible, candidates: rows.map(row => ({ at, row, estimate: Number.POSITIVE_INFINITY })) }
  }
  const rows = segment.graph!.nearest(gradient, expansion).filter(row => !excluded || !hasBit(excluded, row))
  // The graph's own distances are coarse, and of other segments' on another scale.
  const products = rows.length === 0 ? [] : scanStretch(gatherCopied(copy, rows), query, rows.length)
  return {
    eligible,
    candidates: products.map(({ row: place, product }) => ({ at, row: rows[place]!, estimate: product + offset })),
  }
}

/** The best eligible rows of one stretch. Without a tangent every one is a candidate. */
function scanPlane({ at, copy, query, offset }: Plane, stretch: number, count: number) {
  const { excluded, segment } = at
  const bytes = copy.stretches[stretch]!
  const first = stretch * stretchRows
  const last = first + bytes.length / segment.vectors.width
  const eligible = eligibleRows(first, last, excluded)
  if (eligible === 0) return { eligible, candidates: [] }
  const candidates =
    query === undefined
      ? eligibleRowsOf(first, last, excluded).map(row => ({ at, row, estimate: Number.POSITIVE_INFINITY }))
      : scanEligible(copy, query, { stretch, first, last, excluded, eligible, count }).map(({ row, product }) => ({
          at,
          row,
          estimate: product + offset,
        }))
  return { eligible, candidates }
}

interface StretchRows {
  readonly stretch: number
  readonly first: number
  readonly last: number
  readonly excluded: ScanSegment['excluded']
  readonly eligible: number
  readonly count: number
}

/**
 * The eligible rows of a stretch with the largest products, by their row in the segment. Some more than are wanted of all rows
 * usually have enough eligible ones among them; where they have not, or would be too many, the eligible are copied out.
 */
function scanEligible(copy: ScanCopy, query: ScanQuery, wanted: StretchRows): ScannedRow[] {
  const { stretch, first, last, excluded, eligible } = wanted
  const bytes = copy.stretches[stretch]!
  const count = Math.min(wanted.count, eligible)
  const inSegment = ({ row, product }: ScannedRow) => ({ row: first + row, product })
  if (excluded === undefined || eligible === last - first) return scanStretch(bytes, query, count).map(inSegment)
  const more = Math.ceil((overfetch * count * (last - first)) / eligible)
  if (more <= (last - first) * overfetchShareMax) {
    const found = scanStretch(bytes, query, more)
      .map(inSegment)
      .filter(({ row }) => !hasBit(excluded, row))
    if (found.length >= count) return found.slice(0, count)
  }
  const rows = eligibleRowsOf(first, last, excluded)
  return scanStretch(gatherCopied(copy, rows), query, count).map(({ row, product }) => ({ row: rows[row]!, product }))
}

/** Candidates without an estimate all stay: only the q-net itself can rank them. */
function bestOf(candidates: Candidate[], count: number): Candidate[] {
  candidates.sort((a, b) => (a.estimate === b.estimate ? 0 : b.estimate - a.estimate))
  const unknown = candidates.findLastIndex(({ estimate }) => estimate === Number.POSITIVE_INFINITY) + 1
  return candidates.slice(0, Math.max(count, unknown))
}

function vectorsOf(block: readonly Candidate[]): Float32Array {
  return copyRows(block.map(({ at, row }) => ({ vectors: at.segment.vectors, row })))
}

/** The best candidates by their exact scores. */
class CandidateHits {
  readonly #top: TopHits
  readonly #positions = new Map<RowIds, number>()
  scored = 0

  constructor({ limit, after }: ScanOptions) {
    this.#top = new TopHits(limit, after)
  }

  get nonFinite(): number {
    return this.#top.nonFiniteCount
  }

  add(block: readonly Candidate[], scores: Float32Array): void {
    for (const [index, { at, row }] of block.entries()) {
      this.#positions.set(at.segment.ids, at.position)
      this.#top.addRow(scores[index]!, row, at.segment.ids)
    }
    this.scored += block.length
  }

  hits(): ScanHit[] {
    return toHits(this.#top, this.#positions)
  }
}
