/**
 * Ranks a shard's documents by the tangents of a composed query's leaves: the expression over the leaves' estimates is a
 * document's own. A stretch is read for its best by each leaf. What none of these lists has is below the end of every one, and
 * so below the expression over these ends: the lists are made longer until enough of what they have is above it.
 * (The threshold algorithm of Fagin, Lotem and Naor, JCSS 2003.)
 */
import { hasBit } from '@hypershard/storage/rows'
import { distinctRows, documentsOf, vectorsOfRow } from '../document-rows.ts'
import {
  Best,
  type Candidate,
  piecesOf,
  type Ranked,
  type RankOptions,
  type RankWish,
  unknownCandidates,
  vectorsToFind,
} from '../rank-candidates.ts'
import { eligibleRowsOf } from '../row-blocks.ts'
import { gatherCopied, type ScanQuery, scanStretch, toScanQuery } from '../scan-copy.ts'
import type { ScanSegment } from '../scan-segment.ts'
import { ownerOf, type RowsOfStretch, rowsOfStretch } from '../stretch-rows.ts'
import { meansOf } from '../tangent-planes.ts'
import type { LeafTangents, LeafTangentsAt } from './composed-scorer.ts'
import { ceilingOf, type Expression, evaluate, leadingLeaves } from './expression.ts'
import { type LeafScale, standardised } from './leaf-scale.ts'

/** How much longer a list is made where it was too short. */
const listGrowth = 4
/** Of a stretch: where lists would have a larger share, all of it is estimated. */
const listedShareMax = 0.25
/** Leaves that are read for at once, see `SharedPasses`. */
const leavesAtOnce = 4

export interface ComposedRankOptions extends Pick<RankOptions, 'takeTurn'> {
  readonly expression: Expression
  readonly leafTangents: LeafTangentsAt
}

interface LeafPlane {
  readonly query: ScanQuery
  readonly gradient: Float32Array
  /** s(c) - g c */
  readonly offset: number
  readonly scale: LeafScale
}

/** A segment and the leaves' tangent planes; undefined where one is not finite, or none is needed. */
interface Planes {
  readonly at: ScanSegment
  readonly segment: number
  readonly leaves: readonly LeafPlane[] | undefined
}

/** The best of this thread's part of the shard, a piece at each turn. */
export async function rankComposed(
  segments: readonly ScanSegment[],
  wish: RankWish,
  options: ComposedRankOptions,
): Promise<Ranked> {
  const repeats = segments.some(({ segment }) => segment.starts !== undefined)
  const best = new Best(wish.kept, repeats)
  const pieces = piecesOf(segments, wish)
  if (pieces.length === 0) return best.ranked(undefined)
  let planes: readonly Planes[] = []
  const late = await options.takeTurn(async () => {
    planes = await planesOf(segments, wish, options)
  })
  if (late !== undefined) return best.ranked(late)
  for (const { segment, stretch } of pieces) {
    const own = planes[segment]!
    const end = await options.takeTurn(() => {
      if (stretch === undefined) {
        best.addWalk(own.at.eligible, bestOfWalks(own, wish.expansions[segment]!, options.expression))
        return
      }
      const rows = rowsOfStretch(own.at, stretch)
      const wanted = { stretch, rows, kept: Math.min(wish.kept, rows.touched), least: best.least }
      best.addScan(rows.eligible, bestOfStretch(own, wanted, options.expression))
    })
    if (end !== undefined) return best.ranked(end)
  }
  return best.ranked(undefined)
}

async function planesOf(
  segments: readonly ScanSegment[],
  { all }: RankWish,
  { leafTangents }: ComposedRankOptions,
): Promise<Planes[]> {
  if (all) return segments.map((at, segment) => ({ at, segment, leaves: undefined }))
  const tangents = await leafTangents(meansOf(segments))
  return segments.map((at, segment) => {
    const leaves = tangents.map(leaf => planeOf(leaf, at, segment))
    return { at, segment, leaves: leaves.every(plane => plane !== undefined) ? leaves : undefined }
  })
}

function planeOf(
  { scores, gradients, scale }: LeafTangents,
  { segment: { scanCopy, vectors } }: ScanSegment,
  segment: number,
): LeafPlane | undefined {
  const { width } = vectors
  const gradient = gradients.subarray(segment * width, (segment + 1) * width)
  let offset = scores[segment]!
  for (let dimension = 0; dimension < width; dimension++) offset -= gradient[dimension]! * scanCopy.mean[dimension]!
  const query = Number.isFinite(offset) ? toScanQuery(gradient, scanCopy) : undefined
  return query && { query, gradient, offset, scale }
}

interface WantedOfStretch {
  readonly stretch: number
  readonly rows: RowsOfStretch
  readonly kept: number
  /** What an estimate must reach to be of any use. */
  readonly least: number
}

/** The `kept` documents with the best estimates, or those of them that are of any use. */
function bestOfStretch(planes: Planes, wanted: WantedOfStretch, expression: Expression): Candidate[] {
  const { at, leaves } = planes
  const { stretch, rows, kept, least } = wanted
  if (kept === 0) return []
  if (leaves === undefined)
    return unknownCandidates(planes.segment, eligibleRowsOf(rows.rows.first, rows.rows.last, at.excluded))
  const vectors = rows.last - rows.first
  const ceiling = ceilingOf(expression)
  const leading = leadingLeaves(expression)
  const bytes = at.segment.scanCopy.stretches[stretch]!
  for (
    let count = vectorsToFind(kept, { touched: rows.touched, vectors });
    count <= vectors * listedShareMax;
    count *= listGrowth
  ) {
    const ends: Float32Array[] = leaves.map(() => new Float32Array(1))
    const found = new Set<number>()
    for (const [leaf, list] of productsOf(bytes, leaves, { of: leading, count })) {
      for (const { row } of list) found.add(rows.first + row)
      ends[leaf] = scoresOf([list.at(-1)!.product], leaves[leaf]!)
    }
    const end = evaluate(ceiling, ends)[0]!
    const candidates = estimated(planes, eligibleAmong(at, [...found]), expression)
    const certain = candidates.filter(({ estimate }) => estimate >= end)
    if (certain.length >= kept || end < least) return candidates.slice(0, kept)
  }
  const all = eligibleRowsOf(rows.rows.first, rows.rows.last, at.excluded)
    .flatMap(row => vectorsOfRow(at.segment.starts, row))
    .filter(vector => vector >= rows.first && vector < rows.last)
  return estimated(planes, all, expression).slice(0, kept)
}

/** The eligible rows that walks of the segment's graph come to, one for each leaf that leads. */
function bestOfWalks(planes: Planes, expansion: number, expression: Expression): Candidate[] {
  const { at, segment, leaves } = planes
  const { graph, starts, vectors } = at.segment
  if (leaves === undefined) {
    return unknownCandidates(segment, eligibleRowsOf(0, documentsOf(starts, vectors.rows), at.excluded))
  }
  const found = leadingLeaves(expression).flatMap(leaf => graph!.nearest(leaves[leaf]!.gradient, expansion))
  return estimated(planes, eligibleAmong(at, [...new Set(found)]), expression)
}

function eligibleAmong({ segment, excluded }: ScanSegment, vectors: readonly number[]): number[] {
  if (excluded === undefined) return [...vectors]
  return vectors.filter(vector => !hasBit(excluded, ownerOf(segment.starts, vector)))
}

/** By the expression over all leaves, best first, each document once. */
function estimated({ at, segment, leaves }: Planes, vectors: readonly number[], expression: Expression): Candidate[] {
  if (vectors.length === 0) return []
  const all = leaves!.map((_, leaf) => leaf)
  const copied = gatherCopied(at.segment.scanCopy, vectors)
  const scores: Float32Array[] = []
  for (const [leaf, list] of productsOf(copied, leaves!, { of: all, count: vectors.length })) {
    const products = new Array<number>(vectors.length)
    for (const { row, product } of list) products[row] = product
    scores[leaf] = scoresOf(products, leaves![leaf]!)
  }
  const estimates = evaluate(expression, scores)
  const { starts } = at.segment
  const candidates = vectors.map((vector, place) => {
    const estimate = estimates[place]!
    const row = ownerOf(starts, vector)
    return { segment, row, estimate: Number.isNaN(estimate) ? Number.POSITIVE_INFINITY : estimate }
  })
  candidates.sort((a, b) => b.estimate - a.estimate || a.row - b.row)
  return starts === undefined ? candidates : distinctRows(candidates)
}

function* productsOf(
  stretch: Int8Array,
  leaves: readonly LeafPlane[],
  { of, count }: { readonly of: readonly number[]; readonly count: number },
) {
  for (let first = 0; first < of.length; first += leavesAtOnce) {
    const some = of.slice(first, first + leavesAtOnce)
    const lists = scanStretch(
      stretch,
      some.map(leaf => leaves[leaf]!.query),
      count,
    )
    for (const [place, leaf] of some.entries()) yield [leaf, lists[place]!] as const
  }
}

/** About what a leaf scores, made comparable. */
function scoresOf(products: readonly number[], { offset, scale }: LeafPlane): Float32Array {
  return standardised(
    Float32Array.from(products, product => product + offset),
    scale,
  )
}
