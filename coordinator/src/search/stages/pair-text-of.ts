import { pairCharactersPerTokenMax } from '@hypershard/proto/limits'

/**
 * What a document makes a pair with: title and text with a space between, as documents are encoded, and no more of it than a
 * cross-encoder can read.
 * @param tokensMax that it reads of a pair
 * @returns with whether it was cut
 */
export function pairTextOf({ title, text }: { readonly title: string; readonly text: string }, tokensMax: number) {
  const whole = `${title} ${text}`.trim()
  const unitsMax = tokensMax * pairCharactersPerTokenMax
  if (whole.length <= unitsMax) return { text: whole, cut: false }
  // Half a surrogate pair is no character.
  return { text: whole.slice(0, unitsMax).replace(/[\ud800-\udbff]$/, ''), cut: true }
}
