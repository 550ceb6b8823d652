import { compareRank } from '@hypershard/common'
import { type Bitmap, hasBit } from '@hypershard/storage/rows'
import type { ScanHit, SharedIds } from '../ports.ts'

/** A segment's scores by words, and which of its rows can be hits. */
export interface SegmentOfWords {
  /** One a row; 0 where it has none of the words. */
  readonly scores: Float64Array
  readonly ids: SharedIds
  /** The segment's place in the manifest, for the hit's address. */
  readonly position: number
  /** Rows that cannot be hits; undefined for none. */
  readonly excluded: Bitmap | undefined
}

/** Hits collected before those that cannot be among the best are thrown out. */
const collectedPerHit = 4

/**
 * The best rows of some segments that have any of the terms, by score, then id: all of them are looked at, so that the
 * answer is exact and does not depend on how documents lie in segments.
 */
export function rankByWords(segments: readonly SegmentOfWords[], limit: number): ScanHit[] {
  let best: ScanHit[] = []
  let scoreMin = 0
  const cut = () => {
    best = best.sort(compareRank).slice(0, limit)
    if (best.length === limit) scoreMin = best.at(-1)!.score
  }
  for (const { scores, ids, position, excluded } of segments) {
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
