/**
 * Ranks a shard's documents by tangent. Near the mean c of a segment's vectors the q-net is almost its tangent plane,
 * s(x) ~ s(c) + g (x - c): g is a plain query vector. int8 products with it rank every document at the speed of memory,
 * or a walk of the segment's neighbour graph goes where it points. Decisions 008 and 009 have what that finds.
 */
import { hasBit } from '@hypershard/storage/rows'
import type { ScanStop } from '../ports.ts'
import { distinctRows, documentsOf, vectorsOfRow } from './document-rows.ts'
import { eligibleRowsOf } from './row-blocks.ts'
import { gatherCopied, type ScannedRow, scanStretch } from './scan-copy.ts'
import type { ScanSegment } from './scan-segment.ts'
import type { SharedPasses, StretchWish } from './shared-passes.ts'
import { ownerOf, rowsOfStretch } from './stretch-rows.ts'
import { planesOf, type TangentPlane, type TangentsAt } from './tangent-planes.ts'

/**
 * To get enough eligible rows, this many times the rows that should contain them are asked for, but at most this share
 * of a stretch.
 */
const overfetch = 1.5
const overfetchShareMax = 0.1

/** A row that the tangent has found. */
export interface Candidate {
  /** Its segment's place in the shard. */
  readonly segment: number
  readonly row: number
  /** About the q-net's score; infinite where nothing is known of it, so that it must be scored. */
  readonly estimate: number
}

export interface RankWish {
  /** How many of the best are wanted. */
  readonly kept: number
  /** By segment, see `ShardPlan`. */
  readonly expansions: readonly (number | undefined)[]
  /** All will be scored, so that none need be ranked. */
  readonly all: boolean
  /** This thread's part of the shard's pieces, walks and stretches: every `of`th, from `part`. */
  readonly part: number
  readonly of: number
}

export interface Ranked {
  /** Best first, see `compareCandidates`. */
  readonly candidates: Candidate[]
  /** Eligible documents whose int8 vectors were read, and those of segments that were walked. */
  readonly scanned: number
  readonly walked: number
  /** Why this is not all. */
  readonly stop: Exclude<ScanStop, 'complete'> | undefined
}

export interface RankOptions {
  readonly tangents: TangentsAt
  /** Does a piece of work when it is the query's turn, unless the query has ended by then. @returns why it was left */
  readonly takeTurn: (piece: () => Promise<void> | void) => Promise<Ranked['stop']>
  readonly passes: SharedPasses
}

/** A segment and its tangent plane, whose `query` is undefined, too, where it is not needed. */
interface Plane extends TangentPlane {
  readonly at: ScanSegment
  readonly segment: number
}

/** Equal estimates are told apart, so that the best are the same however a shard is divided between threads. */
export function compareCandidates(a: Candidate, b: Candidate): number {
  if (a.estimate !== b.estimate) return b.estimate - a.estimate
  return a.segment - b.segment || a.row - b.row
}

/** A number that no other row of the shard has. */
export function keyOf({ segment, row }: Pick<Candidate, 'segment' | 'row'>): number {
  return segment * 2 ** 32 + row
}

/**
 * The best of several threads' best. Candidates without an estimate all stay: only the q-net itself can rank them.
 * @param repeats whether a document may be there twice, by two of its passages; then the better one stands for it
 */
export function bestOf(candidates: Candidate[], count: number, repeats: boolean): Candidate[] {
  candidates.sort(compareCandidates)
  const seen = new Set<number>()
  const distinct = repeats
    ? candidates.filter(candidate => !seen.has(keyOf(candidate)) && seen.add(keyOf(candidate)) !== undefined)
    : candidates
  const unknown = distinct.findLastIndex(({ estimate }) => estimate === Number.POSITIVE_INFINITY) + 1
  return distinct.slice(0, Math.max(count, unknown))
}

/** The best of this thread's part of the shard, a piece at each turn. */
export async function rankCandidates(
  segments: readonly ScanSegment[],
  wish: RankWish,
  options: RankOptions,
): Promise<Ranked> {
  const best = new Best(
    wish.kept,
    segments.some(({ segment }) => segment.starts !== undefined),
  )
  const pieces = piecesOf(segments, wish)
  if (pieces.length === 0) return best.ranked(undefined)
  let planes: readonly Plane[] = []
  const late = await options.takeTurn(async () => {
    planes = await planesFor(segments, wish, options)
  })
  if (late !== undefined) return best.ranked(late)
  const reads: StretchRead[] = []
  for (const { segment, stretch } of pieces) {
    const plane = planes[segment]!
    if (stretch !== undefined) {
      reads.push(new StretchRead(plane, stretch, wish.kept))
      continue
    }
    const stop = await options.takeTurn(() =>
      best.addWalk(plane.at.eligible, walkPlane(plane, wish.expansions[segment]!)),
    )
    if (stop !== undefined) return best.ranked(stop)
  }
  return best.ranked(await readStretches(reads, best, options))
}

export function piecesOf(segments: readonly ScanSegment[], { expansions, part, of }: RankWish) {
  const pieces: { segment: number; stretch: number | undefined }[] = []
  for (const [segment, at] of segments.entries()) {
    if (expansions[segment] !== undefined) pieces.push({ segment, stretch: undefined })
    else for (const stretch of at.segment.scanCopy.stretches.keys()) pieces.push({ segment, stretch })
  }
  return pieces.filter((_, number) => number % of === part)
}

/** The planes of a shard's segments; without queries where nothing is to be ranked, as all will be scored. */
async function planesFor(
  segments: readonly ScanSegment[],
  { all }: RankWish,
  { tangents }: RankOptions,
): Promise<Plane[]> {
  const planes = all ? undefined : await planesOf(segments, tangents)
  const none = { query: undefined, gradient: new Float32Array(0), offset: 0 }
  return segments.map((at, segment) => ({ at, segment, ...(planes?.[segment] ?? none) }))
}

/** The eligible rows that a walk of the segment's graph comes to. Without a tangent every one is a candidate. */
function walkPlane({ at, segment, query, gradient, offset }: Plane, expansion: number): Candidate[] {
  const { excluded, segment: held } = at
  const { starts } = held
  const documents = documentsOf(starts, held.vectors.rows)
  if (query === undefined) return unknownCandidates(segment, eligibleRowsOf(0, documents, excluded))
  const isEligible = (vector: number) => !excluded || !hasBit(excluded, ownerOf(starts, vector))
  const vectors = held.graph!.nearest(gradient, expansion).filter(isEligible)
  if (vectors.length === 0) return []
  // The graph's own distances are coarse, and of other segments' on another scale.
  const [products] = scanStretch(gatherCopied(held.scanCopy, vectors), [query], vectors.length)
  const found = products!.map(({ row: place, product }) => ({
    segment,
    row: ownerOf(starts, vectors[place]!),
    estimate: product + offset,
  }))
  return starts === undefined ? found : distinctRows(found)
}

/** How many vectors of a stretch to ask for, so that so many documents that can be hits are usually among them. */
export function vectorsToFind(
  documents: number,
  { touched, vectors }: { readonly touched: number; readonly vectors: number },
): number {
  return touched === vectors ? documents : Math.ceil((overfetch * documents * vectors) / touched)
}

export function unknownCandidates(segment: number, rows: readonly number[]): Candidate[] {
  return rows.map(row => ({ segment, row, estimate: Number.POSITIVE_INFINITY }))
}

/** Reads the stretches, each for all queries that want it at the time. */
async function readStretches(
  reads: readonly StretchRead[],
  best: Best,
  { takeTurn, passes }: RankOptions,
): Promise<Ranked['stop']> {
  for (const { wish } of reads) if (wish !== undefined) passes.add(wish)
  try {
    for (const { wish } of reads) {
      if (wish === undefined || !passes.isOpen(wish)) continue
      const stop = await takeTurn(() => {
        // Another query may have had it read while this one waited.
        if (passes.isOpen(wish)) passes.grant(wish)
      })
      if (stop !== undefined) return stop
    }
    for (const read of reads) {
      const stop = read.isQuick ? best.addRead(read) : await takeTurn(() => best.addRead(read))
      if (stop !== undefined) return stop
    }
  } finally {
    for (const { wish } of reads) if (wish !== undefined) passes.withdraw(wish)
  }
  return undefined
}

/**
 * The eligible documents of a stretch with the largest products. Some more vectors than documents are wanted usually have
 * enough eligible ones among them; where they have not, or would be too many, the vectors of the eligible are copied out and
 * all of them ranked.
 */
class StretchRead {
  /** What is read for it; undefined where vectors are copied out, or nothing is known of any. */
  readonly wish: StretchWish | undefined
  /** Eligible documents that begin in the stretch: each is in one. */
  readonly eligible: number
  readonly #plane: Plane
  /** Its vectors, and the documents that have any of them. */
  readonly #first: number
  readonly #last: number
  readonly #rows: { readonly first: number; readonly last: number }
  readonly #count: number
  #found: readonly ScannedRow[] | undefined

  constructor(plane: Plane, stretch: number, kept: number) {
    const { first, last, rows, touched, eligible } = rowsOfStretch(plane.at, stretch)
    const bytes = plane.at.segment.scanCopy.stretches[stretch]!
    this.#plane = plane
    this.#first = first
    this.#last = last
    this.#rows = rows
    this.eligible = eligible
    this.#count = Math.min(kept, touched)
    const vectors = last - first
    const isWhole = touched === vectors
    const count = vectorsToFind(this.#count, { touched, vectors })
    if (this.#count === 0 || plane.query === undefined || (!isWhole && count > vectors * overfetchShareMax)) return
    this.wish = { stretch: bytes, query: plane.query, count, found: found => this.#keep(found) }
  }

  /** Whether its candidates are there without reading anything more. */
  get isQuick(): boolean {
    return this.#count === 0 || this.#found?.length === this.#count
  }

  /** @param least what an estimate must reach to be of any use */
  candidates(least: number): Candidate[] {
    const { segment, offset } = this.#plane
    if (this.#count === 0) return []
    const rows = this.isQuick ? this.#found! : this.#copiedOut()
    if (rows === undefined) return unknownCandidates(segment, this.#eligibleRows())
    const candidates: Candidate[] = []
    for (const { row, product } of rows) {
      const estimate = product + offset
      if (estimate < least) break
      candidates.push({ segment, row, estimate })
    }
    return candidates
  }

  #keep(found: readonly ScannedRow[]): void {
    const { excluded } = this.#plane.at
    this.#found = this.#toDocuments(
      found
        .map(({ row, product }) => ({ row: this.#ownerOf(this.#first + row), product }))
        .filter(({ row }) => !excluded || !hasBit(excluded, row)),
    )
  }

  #copiedOut(): readonly ScannedRow[] | undefined {
    const { at, query } = this.#plane
    if (query === undefined) return undefined
    const vectors = this.#eligibleRows()
      .flatMap(row => vectorsOfRow(at.segment.starts, row))
      .filter(vector => vector >= this.#first && vector < this.#last)
    const wanted = at.segment.starts === undefined ? this.#count : vectors.length
    const [found] = scanStretch(gatherCopied(at.segment.scanCopy, vectors), [query], wanted)
    return this.#toDocuments(found!.map(({ row, product }) => ({ row: this.#ownerOf(vectors[row]!), product })))
  }

  /** The best documents of vectors, best first. */
  #toDocuments(found: readonly ScannedRow[]): readonly ScannedRow[] {
    const rows = this.#plane.at.segment.starts === undefined ? found : distinctRows(found)
    return rows.slice(0, this.#count)
  }

  #ownerOf(vector: number): number {
    return ownerOf(this.#plane.at.segment.starts, vector)
  }

  #eligibleRows(): number[] {
    return eligibleRowsOf(this.#rows.first, this.#rows.last, this.#plane.at.excluded)
  }
}

/** What was found so far, and in how many documents. */
export class Best {
  readonly #kept: number
  readonly #repeats: boolean
  #candidates: Candidate[] = []
  #scanned = 0
  #walked = 0

  constructor(kept: number, repeats: boolean) {
    this.#kept = kept
    this.#repeats = repeats
  }

  addWalk(eligible: number, candidates: readonly Candidate[]): void {
    this.#walked += eligible
    this.#add(candidates)
  }

  addRead(read: StretchRead): undefined {
    this.addScan(read.eligible, read.candidates(this.least))
  }

  /** What an estimate must reach to be of any use. */
  get least(): number {
    const full = this.#candidates.length >= this.#kept
    return full ? this.#candidates.at(-1)!.estimate : Number.NEGATIVE_INFINITY
  }

  addScan(eligible: number, candidates: readonly Candidate[]): void {
    this.#scanned += eligible
    this.#add(candidates)
  }

  ranked(stop: Ranked['stop']): Ranked {
    return { candidates: this.#candidates, scanned: this.#scanned, walked: this.#walked, stop }
  }

  #add(candidates: readonly Candidate[]): void {
    if (candidates.length > 0)
      this.#candidates = bestOf([...this.#candidates, ...candidates], this.#kept, this.#repeats)
  }
}
