/**
 * Q-nets of different queries have different scales. A leaf's scores are measured on a sample of the generation's vectors,
 * the same on every server, and told in deviations from their mean there.
 */

/** Both f32. */
export interface LeafScale {
  readonly mean: number
  /** One over the deviation; 1 where the sample does not differ. */
  readonly inverse: number
}

/** @param scores of the sample; those that are not finite do not count */
export function scaleOf(scores: Float32Array): LeafScale {
  const finite = scores.filter(Number.isFinite)
  if (finite.length === 0) return { mean: 0, inverse: 1 }
  const mean = finite.reduce((sum, score) => sum + score, 0) / finite.length
  const variance = finite.reduce((sum, score) => sum + (score - mean) ** 2, 0) / finite.length
  return toScale(mean, variance)
}

export function toScale(mean: number, variance: number): LeafScale {
  const inverse = Math.fround(1 / Math.sqrt(variance))
  return { mean: Math.fround(mean), inverse: Number.isFinite(inverse) ? inverse : 1 }
}

/** What is not finite becomes NaN. */
export function standardised(scores: Float32Array, { mean, inverse }: LeafScale): Float32Array {
  const standard = new Float32Array(scores.length)
  for (let at = 0; at < scores.length; at++) {
    const value = Math.fround(Math.fround(scores[at]! - mean) * inverse)
    standard[at] = Number.isFinite(value) ? value : Number.NaN
  }
  return standard
}
