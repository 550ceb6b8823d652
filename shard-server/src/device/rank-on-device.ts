/**
 * The first pass of the tangent plan with a device's help: rank by an inner product on the device → estimate the best as the
 * CPU does, from its int8 copies → is it certain that these are the CPU's best? The candidates, their order and their estimates
 * are those that the CPU alone would find.
 *
 * What a product of the device and an estimate of the CPU differ by has two parts: what int8 copies round away, of which a
 * bound is known (`FloatPlane`), and what the device adds up wrongly. That is measured on the best vectors and taken to be at
 * most `errorMargin` times the largest of these, as for scores (`searchOnDevice`). A vector that was left behind is no candidate
 * once its product and both parts are below the last candidate's estimate. Otherwise more are estimated, and at last all are
 * ranked by the CPU.
 */
import type { VectorStarts } from '../cpu/document-rows.ts'
import type { EstimatedVectors, VectorToEstimate } from '../cpu/estimate-vectors.ts'
import { bestOf, type Candidate, type Ranked } from '../cpu/rank-candidates.ts'
import { stretchRows } from '../cpu/scan-copy.ts'
import { ownerOf } from '../cpu/stretch-rows.ts'
import type { FloatPlane } from '../cpu/tangent-planes.ts'
import type { DeviceRanking } from './messages.ts'
import {
  candidatesMax,
  countGrowth,
  errorMargin,
  errorShareMin,
  reserveRows,
  type Undecided,
} from './search-on-device.ts'

/**
 * Vectors asked for at first, for each candidate wanted: of 100,000 documents the bound left two to three times as many at width
 * 384, and of 50,000 three to four times at width 768.
 */
const vectorsPerCandidate = 4

export interface DeviceTangentSegment {
  readonly plane: FloatPlane
  readonly starts: VectorStarts
}

export interface DeviceRankSteps {
  rank(wish: { readonly count: number }): Promise<DeviceRanking>
  estimate(vectors: readonly VectorToEstimate[]): Promise<EstimatedVectors & Pick<Ranked, 'stop'>>
}

export interface RankedOnDevice {
  readonly ranked: Ranked
  readonly widened: boolean
}

/** @param kept how many of the best documents are wanted, see `RankWish` */
export async function rankOnDevice(
  segments: readonly DeviceTangentSegment[],
  steps: DeviceRankSteps,
  kept: number,
): Promise<RankedOnDevice | Undecided> {
  const known = new KnownVectors(segments)
  const first = kept * vectorsPerCandidate + reserveRows
  for (let count = first; count <= candidatesMax; count *= countGrowth) {
    const ranking = await steps.rank({ count })
    if (ranking.tooLarge) return 'values'
    const { vectors, left } = bestVectors(ranking, count, segments)
    const missing = known.missing(vectors)
    const estimated = await steps.estimate(missing)
    known.add(missing, estimated)
    const candidates = bestOf(known.documents(), kept, true)
    const scanned = ranking.chunks.reduce((sum, { eligible }) => sum + eligible, 0)
    const stop = ranking.stop ?? estimated.stop
    if (stop !== undefined) return { ranked: { candidates, scanned, walked: 0, stop }, widened: count > first }
    if (!known.finite) return 'values'
    if (known.isCertain(candidates, kept, left)) {
      return { ranked: { candidates, scanned, walked: 0, stop }, widened: count > first }
    }
  }
  return 'gap'
}

/** A vector, and what the device says its estimate is. */
interface DeviceVector extends VectorToEstimate {
  readonly product: number
  readonly estimate: number
}

/** The best of all chunks, and by segment the largest product of what was left behind. */
function bestVectors({ chunks }: DeviceRanking, count: number, segments: readonly DeviceTangentSegment[]) {
  const all = chunks
    .flatMap(({ segment, vectors, scores }) => {
      const { offset } = segments[segment]!.plane
      return Array.from(vectors, (vector, at): DeviceVector => {
        return { segment, vector, product: scores[at]!, estimate: scores[at]! + offset }
      })
    })
    .sort((a, b) => b.estimate - a.estimate)
  const left = segments.map(() => Number.NEGATIVE_INFINITY)
  const note = (segment: number, product: number) => {
    left[segment] = Math.max(left[segment]!, product)
  }
  for (const chunk of chunks) note(chunk.segment, chunk.left)
  for (const { segment, product } of all.slice(count)) note(segment, product)
  return { vectors: all.slice(0, count), left }
}

/** The vectors that the CPU has estimated. */
class KnownVectors {
  readonly #segments: readonly DeviceTangentSegment[]
  readonly #known = new Map<number, VectorToEstimate & { readonly row: number; readonly estimate: number }>()
  /** What the device's products are taken to be off by at most. */
  #error = 0
  finite = true

  constructor(segments: readonly DeviceTangentSegment[]) {
    this.#segments = segments
  }

  missing(vectors: readonly DeviceVector[]): DeviceVector[] {
    return vectors.filter(found => !this.#known.has(keyOf(found)))
  }

  add(vectors: readonly DeviceVector[], { estimates, products }: EstimatedVectors): void {
    for (const [at, estimate] of estimates.entries()) {
      const { segment, vector } = vectors[at]!
      const row = ownerOf(this.#segments[segment]!.starts, vector)
      this.#known.set(keyOf({ segment, vector }), { segment, vector, row, estimate })
    }
    for (const [at, product] of products.entries()) {
      const off = errorMargin * Math.abs(vectors[at]!.product - product)
      this.#error = Math.max(this.#error, off, errorShareMin * Math.abs(product))
      if (!Number.isFinite(off)) this.finite = false
    }
  }

  /** By each of their vectors. */
  documents(): Candidate[] {
    return Array.from(this.#known.values(), ({ segment, row, estimate }) => ({ segment, row, estimate }))
  }

  /** @param left by segment, the largest product of what was left behind */
  isCertain(candidates: readonly Candidate[], kept: number, left: readonly number[]): boolean {
    const isLeft = left.some(product => product !== Number.NEGATIVE_INFINITY)
    if (candidates.length < kept) return !isLeft
    const last = candidates.at(-1)!.estimate
    const isBelow = this.#segments.every(({ plane: { offset, bound } }, segment) => {
      return left[segment]! + offset + bound + this.#error < last
    })
    return isBelow && this.#isCutAlike(kept, last)
  }

  /**
   * Of a stretch the CPU takes no more documents than are wanted. Which of those with equal estimates it takes then, only the
   * search of the stretch can tell.
   */
  #isCutAlike(kept: number, last: number): boolean {
    const rows = new Map<string, Set<number>>()
    for (const { segment, vector, row, estimate } of this.#known.values()) {
      if (estimate < last) continue
      const stretch = `${segment}:${Math.floor(vector / stretchRows)}`
      const inStretch = rows.get(stretch) ?? new Set()
      rows.set(stretch, inStretch.add(row))
    }
    return [...rows.values()].every(({ size }) => size <= kept)
  }
}

function keyOf({ segment, vector }: VectorToEstimate): number {
  return segment * 2 ** 32 + vector
}
