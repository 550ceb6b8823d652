/**
 * The exact plan for one shard with a device's help: rank on the device → score the best on the CPU → is it certain that no
 * other row belongs among them? Ids, order and scores are those that the CPU alone would give.
 *
 * A device adds in another order than the CPU and perhaps in fewer bits, so that its scores are off by some error. How far
 * they are off is measured on every row that both have scored, and taken to be at most `errorMargin` times the largest of
 * these for any other row. The k-th best score that the CPU gave is certain once it is higher than the best that the device
 * gave any row left behind, and that error. Otherwise more rows are scored, and at last all of them, by the CPU.
 */
import { nothingScanned, type RankPosition } from '@hypershard/common'
import { type RowIds, TopHits } from '@hypershard/qnet'
import { countOfRow, type VectorStarts } from '../cpu/document-rows.ts'
import { type Candidate, compareCandidates, keyOf } from '../cpu/rank-candidates.ts'
import { toHits } from '../cpu/scan-shards.ts'
import { ownerOf } from '../cpu/stretch-rows.ts'
import type { ScanHit, ShardScan } from '../ports.ts'
import type { DeviceRanking } from './messages.ts'

/** Documents that are scored again beside as many as there are to be hits: enough to measure the error on, and to see a gap. */
export const reserveRows = 64
export const errorMargin = 8
/** An error is taken to be at least this part of the largest score, eight units in the last place of f32. */
export const errorShareMin = 2 ** -20
/** How many more are scored where those were too few, until the CPU had better score all. */
export const countGrowth = 4
export const candidatesMax = 8_192
/** Where documents have several vectors, so many times as many of these are asked for at first. */
const vectorsPerDocumentMax = 4
/** How often the device is asked, with growing counts or errors, before the CPU scores all. */
const roundsMax = 8
/** No score is higher. */
const noCeiling = 3e38

export interface DeviceShard {
  readonly shard: number
  readonly segments: readonly DeviceSegmentRows[]
}

export interface DeviceSegmentRows {
  readonly eligible: number
  readonly position: number
  readonly ids: RowIds
  readonly starts?: VectorStarts
}

export interface DeviceSteps {
  rank(wish: { readonly count: number; readonly ceiling: number }): Promise<DeviceRanking>
  /** @returns the CPU's scores of these candidates, or of the first of them */
  score(candidates: readonly Candidate[]): Promise<{
    readonly scores: Float32Array
    readonly passages?: Int32Array | undefined
    readonly stop: DeviceRanking['stop']
  }>
}

export interface DeviceSearchOptions {
  readonly limit: number
  readonly after?: RankPosition | undefined
  /** What the device's scores of this q-net were off by before, see `DeviceFound`. */
  readonly knownError: number | undefined
}

export interface DeviceFound {
  readonly scan: Omit<ShardScan, 'scoreMs'>
  /** What the device's scores are taken to be off by at most; undefined where none was measured. */
  readonly error: number | undefined
  readonly widened: boolean
}

/** Why the CPU has to score all: the scores lie too close, or the q-net's values are too large for a device. */
export type Undecided = 'gap' | 'values'

export async function searchOnDevice(
  { shard, segments }: DeviceShard,
  steps: DeviceSteps,
  { limit, after, knownError }: DeviceSearchOptions,
): Promise<DeviceFound | Undecided> {
  const rows = new ComparedRows(segments, knownError)
  let count = Math.min(candidatesMax, (limit + reserveRows) * vectorsAsked(segments))
  for (let attempt = 0; attempt < roundsMax && count <= candidatesMax; attempt++) {
    const { error } = rows
    const ceiling = after === undefined || error === undefined ? noCeiling : after.score + error
    const ranking = await steps.rank({ count, ceiling })
    if (ranking.tooLarge) return 'values'
    const ranked = bestOf(ranking, count, segments)
    const missing = rows.missing(ranked.candidates)
    const scored = await steps.score(missing)
    const { stop } = scored
    rows.add(missing, scored, ceiling < noCeiling ? after!.score : noCeiling)
    if (!rows.finite) return 'values'
    // Until the error is known, rows before the cursor stand among the best and say nothing of those after it.
    const isCutRight = after === undefined || (error !== undefined && rows.error! <= error)
    const hits = rows.best(limit, after)
    const certain = isCutRight && stop === undefined && isCertain(hits, { limit, left: ranked.left, error: rows.error })
    const stopped = ranking.stop ?? stop
    if (certain || stopped !== undefined) {
      const documentsScored = certain ? ranked.eligible : rows.count
      const scan = { shard, hits, ...nothingScanned, documentsScored, plan: 'exact' as const, nonFiniteScores: 0 }
      return { scan: { ...scan, stop: stopped ?? 'complete' }, error: rows.error, widened: attempt > 0 }
    }
    if (isCutRight) count *= countGrowth
    else rows.doubleError()
  }
  return 'gap'
}

/** Whether no row that was left behind can be among the best. */
function isCertain(
  hits: readonly ScanHit[],
  { limit, left, error }: { readonly limit: number; readonly left: number; readonly error: number | undefined },
): boolean {
  if (left === Number.NEGATIVE_INFINITY) return true
  // Equal is not enough: of equal scores the id decides.
  return hits.length === limit && error !== undefined && hits.at(-1)!.score > left + error
}

interface Best {
  readonly candidates: readonly Candidate[]
  /** What the best of all others may have scored on the device. */
  readonly left: number
  readonly eligible: number
}

/** How many vectors to ask for, for each document wanted. */
function vectorsAsked(segments: DeviceShard['segments']): number {
  const [vectors, documents] = segments.reduce(
    ([sum, rows], { starts }) =>
      starts === undefined ? [sum, rows] : [sum + starts.at(-1)!, rows + starts.length - 1],
    [0, 0],
  )
  return documents === 0 ? 1 : Math.min(vectorsPerDocumentMax, Math.ceil(vectors / documents))
}

/** The documents of the best vectors of all chunks. A document's score is that of its best vector, on the device as elsewhere. */
function bestOf({ chunks }: DeviceRanking, count: number, segments: DeviceShard['segments']): Best {
  const all = chunks
    .flatMap(({ segment, vectors, scores }) => {
      const { starts } = segments[segment]!
      return Array.from(vectors, (vector, at): Candidate => {
        return { segment, row: ownerOf(starts, vector), estimate: scores[at]! }
      })
    })
    .sort(compareCandidates)
  const left = Math.max(Number.NEGATIVE_INFINITY, all[count]?.estimate ?? Number.NEGATIVE_INFINITY)
  const seen = new Set<number>()
  return {
    candidates: all.slice(0, count).filter(found => !seen.has(keyOf(found)) && seen.add(keyOf(found)) !== undefined),
    left: chunks.reduce((most, chunk) => Math.max(most, chunk.left), left),
    eligible: chunks.reduce((sum, { eligible }) => sum + eligible, 0),
  }
}

interface ComparedRow {
  readonly candidate: Candidate
  readonly score: number
  readonly passage: number | undefined
}

/** The documents that both have scored. */
class ComparedRows {
  readonly #segments: DeviceShard['segments']
  readonly #scored = new Map<number, ComparedRow>()
  #error: number | undefined
  finite = true

  constructor(segments: DeviceShard['segments'], knownError: number | undefined) {
    this.#segments = segments
    this.#error = knownError
  }

  get count(): number {
    return this.#scored.size
  }

  /** What the device's score of any row is taken to be off by at most; undefined until one was compared. */
  get error(): number | undefined {
    return this.#error
  }

  missing(candidates: readonly Candidate[]): Candidate[] {
    return candidates.filter(candidate => !this.#scored.has(keyOf(candidate)))
  }

  /**
   * @param scoreMax of a document with a higher score the device may have left the best vector out, so that its own score of
   *   the document is another vector's
   */
  add(
    candidates: readonly Candidate[],
    { scores, passages }: { readonly scores: Float32Array; readonly passages?: Int32Array | undefined },
    scoreMax: number,
  ): void {
    for (const [at, score] of scores.entries()) {
      const candidate = candidates[at]!
      const { starts } = this.#segments[candidate.segment]!
      const passage = starts === undefined ? undefined : passages?.[at]
      this.#scored.set(keyOf(candidate), { candidate, score, passage })
      if (!Number.isFinite(score) || !Number.isFinite(candidate.estimate)) this.finite = false
      if (score > scoreMax && countOfRow(starts, candidate.row) > 1) continue
      const off = errorMargin * Math.abs(score - candidate.estimate)
      this.#error = Math.max(this.#error ?? 0, off, errorShareMin * Math.abs(score))
    }
  }

  /** For when it grew while it was relied on: once more with room. */
  doubleError(): void {
    if (this.#error !== undefined) this.#error *= 2
  }

  best(limit: number, after: RankPosition | undefined): ScanHit[] {
    const top = new TopHits(limit, after)
    for (const { candidate, score, passage } of this.#scored.values()) {
      top.addRow(score, candidate.row, this.#segments[candidate.segment]!.ids, passage)
    }
    return toHits(top, new Map(this.#segments.map(({ ids, position }) => [ids, position])))
  }
}
