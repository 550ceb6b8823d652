/**
 * The scores of all rows of a segment that can be hits, for whoever ranks them by more than their score. In memory that
 * threads share: each writes the rows of the blocks that it claims.
 */
import { type Bitmap, hasBit } from '@hypershard/storage/rows'
import type { DocumentScores } from './document-rows.ts'
import type { RowBlock } from './row-blocks.ts'

/** By row. */
export interface ScoreSheet {
  /** NaN where the q-net gives no finite score; `notScored` where there is none. */
  readonly scores: Float32Array<SharedArrayBuffer>
  /** The place of the best among a document's passages; undefined where each has one vector. */
  readonly passages: Int32Array<SharedArrayBuffer> | undefined
}

/** What stands for a row that cannot be a hit, or was not come to. A score that is infinite stands as NaN, which ranks alike. */
export const notScored = Number.NEGATIVE_INFINITY

export function createSheet(rows: number, hasPassages: boolean): ScoreSheet {
  const buffer = () => new SharedArrayBuffer(rows * Float32Array.BYTES_PER_ELEMENT)
  const scores = new Float32Array(buffer()).fill(notScored)
  return { scores, passages: hasPassages ? new Int32Array(buffer()) : undefined }
}

/** @returns how many rows of the block can be hits, and how many of these have no finite score */
export function writeBlock(
  sheet: ScoreSheet,
  { scores, passages }: DocumentScores,
  { first, rows }: RowBlock,
  excluded: Bitmap | undefined,
): { readonly scored: number; readonly nonFinite: number } {
  let scored = 0
  let nonFinite = 0
  for (let at = 0; at < scores.length; at++) {
    const row = rows === undefined ? first + at : rows[at]!
    if (rows === undefined && excluded !== undefined && hasBit(excluded, row)) continue
    const score = scores[at]!
    const isNumber = Number.isFinite(score)
    sheet.scores[row] = isNumber ? score : Number.NaN
    if (passages !== undefined) sheet.passages![row] = passages[at]!
    scored++
    if (!isNumber) nonFinite++
  }
  return { scored, nonFinite }
}
