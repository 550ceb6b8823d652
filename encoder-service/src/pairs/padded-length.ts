/** Lengths are padded up to a multiple of this, so that pairs of about one length run together. */
const step = 16

/**
 * The length that a pair is padded to: by its own length alone, since with more padding its score would have other bits, and
 * so would depend on the pairs beside it.
 */
export function paddedLength(tokens: number, tokensMax: number): number {
  return Math.min(tokensMax, Math.ceil(tokens / step) * step)
}
