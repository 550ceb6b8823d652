import { queryCharactersMax } from '@hypershard/contract/limits'

/**
 * The beginning of a text that is too long to be asked: a model reads less of it in any case. It is cut by the units of
 * UTF-16, of which there are never fewer than of code points, and between two characters.
 */
export function cutQuery(text: string, charactersMax = queryCharactersMax): { text: string; isCut: boolean } {
  if (text.length <= charactersMax) return { text, isCut: false }
  // A text that begins with white space must not become a blank one.
  const begun = text.trimStart()
  const cut = begun.slice(0, charactersMax)
  return { text: cut.isWellFormed() || !begun.isWellFormed() ? cut : cut.slice(0, -1), isCut: true }
}
