import { compareRank } from '@hypershard/common'
import { type Bitmap, hasBit, type LexicalIndex } from '@hypershard/storage/rows'
import type { ScanHit, SharedIds } from '../ports.ts'
import { scoreWords, type WeightedTerm } from './score-words.ts'

/** A segment's words, and which of its rows can be hits. */
export interface SegmentOfWords {
  readonly index: LexicalIndex
  readonly ids: SharedIds
  /** The segment's place in the manifest, for the hit's address. */
  readonly position: number
  /** Rows that cannot be hits; undefined for none. */
  readonly excluded: Bitmap | undefined
}

/** Hits collected before those that cannot be among the best are thrown out. */
const collectedPerHit = 4

/**
 * The best rows of some segments that have any of the terms, by score, then id: all of them are scored, so that the answer
 * is exact and does not depend on how documents lie in segments.
 * @param averageLength words a document, of the generation
 */
export function rankByWords(
  segments: readonly SegmentOfWords[],
  terms: readonly WeightedTerm[],
  { averageLength, limit }: { readonly averageLength: number; readonly limit: number },
): ScanHit[] {
  let best: ScanHit[] = []
  let scoreMin = 0
  const cut = () => {
    best = best.sort(compareRank).slice(0, limit)
    if (best.length === limit) scoreMin = best.at(-1)!.score
  }
  for (const { index, ids, position, excluded } of segments) {
    const scores = scoreWords(index, terms, averageLength)
    for (let row = 0; row < scores.length; row++) {
      const score = scores[row]!
      // An equal score may come first by its id.
      if (score === 0 || score < scoreMin || (excluded !== undefined && hasBit(excluded, row))) continue
      best.push({ id: idAt(ids, row), score, segment: position, row })
      if (best.length > limit * collectedPerHit) cut()
    }
  }
  cut()
  return best
}

function idAt({ offsets, bytes }: SharedIds, row: number): string {
  const begin = offsets[row]!
  return Buffer.from(bytes.buffer, bytes.byteOffset + begin, offsets[row + 1]! - begin).toString()
}
