import type { ScoredDocument } from './run.ts'

/** A hit as a search answers it; null is a score that was not finite, which ranks last. */
export interface AnsweredHit {
  readonly id: string
  readonly score: number | null
}

/**
 * Scores for a run that keep the order of an answer. A reader of a run sorts by score and breaks ties by its own rule,
 * trec_eval's being the opposite of ours; so a score that is not below the one before it becomes the next smaller
 * 32-bit float. A score without a tie keeps its value, rounded to 32 bits.
 * @example
 * ```ts
 * await writeRun('mine.trec', new Map([['q1', keepRankOrder(answer.hits)]]), 'hypershard')
 * ```
 */
export function keepRankOrder(hits: readonly AnsweredHit[]): ScoredDocument[] {
  let before = Number.POSITIVE_INFINITY
  return hits.map(({ id, score }) => {
    const rounded = score === null ? Number.NEGATIVE_INFINITY : Math.fround(score)
    // An answer that begins without a finite score begins at 0.
    const ceiling = before === Number.POSITIVE_INFINITY ? 0 : nextBelow(before)
    before = Number.isFinite(rounded) && rounded < before ? rounded : ceiling
    return { id, score: before }
  })
}

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** The next smaller 32-bit float of a finite one. */
function nextBelow(value: number): number {
  float[0] = value
  if (value === 0) bits[0] = smallestNegative
  else bits[0]! += value > 0 ? -1 : 1
  return float[0]!
}

/** The bits of -2^-149, as a signed integer. */
const smallestNegative = -0x7fffffff
