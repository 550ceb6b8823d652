/**
 * Where the vectors of a segment become its documents. A document has one vector, or, where texts are cut into passages, one
 * a passage: then the best of their scores is its own, at equal scores that of the first. Whatever scores vectors hands on
 * scores of documents, so that who keeps the best, in a thread or in a coordinator, has documents alone before him.
 */
import { rankScore } from '@hypershard/common'

/** By row: its vectors are `starts[row] .. starts[row + 1]`; undefined where each row has the one of its own number. */
export type VectorStarts = Int32Array | undefined

export interface DocumentScores {
  readonly scores: Float32Array
  /** By document, the place of its best vector among its own; undefined where each has one. */
  readonly passages: Int32Array | undefined
}

export function documentsOf(starts: VectorStarts, vectors: number): number {
  return starts === undefined ? vectors : starts.length - 1
}

export function firstVectorOf(starts: VectorStarts, row: number): number {
  return starts === undefined ? row : starts[row]!
}

/** The vectors of a row. */
export function vectorsOfRow(starts: VectorStarts, row: number): number[] {
  if (starts === undefined) return [row]
  return Array.from({ length: starts[row + 1]! - starts[row]! }, (_, place) => starts[row]! + place)
}

/** How many vectors a row has. */
export function countOfRow(starts: VectorStarts, row: number): number {
  return starts === undefined ? 1 : starts[row + 1]! - starts[row]!
}

/**
 * @param scores of vectors, those of a document together
 * @param counts of each document's, in their order
 */
export function bestOfEach(scores: Float32Array, counts: ArrayLike<number>): Required<DocumentScores> {
  const best = new Float32Array(counts.length)
  const passages = new Int32Array(counts.length)
  let at = 0
  for (let document = 0; document < counts.length; document++) {
    const first = at
    const last = at + counts[document]!
    let place = first
    for (at = first + 1; at < last; at++) if (rankScore(scores[at]!) > rankScore(scores[place]!)) place = at
    best[document] = scores[place]!
    passages[document] = place - first
    at = last
  }
  return { scores: best, passages }
}

/** Of places of vectors, best first: their rows, each where it comes first. */
export function distinctRows<Found extends { readonly row: number }>(found: readonly Found[]): Found[] {
  const seen = new Set<number>()
  return found.filter(({ row }) => !seen.has(row) && seen.add(row) !== undefined)
}
