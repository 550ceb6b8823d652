/** Text of one message to a worker: some ten milliseconds of tokenising, which is what a batch may have to wait. */
const tokenizeCharactersMax = 64 * 1024

/** Divides texts into parts of bounded length; a text over the bound is a part of its own. */
export function partsOf<Text>(texts: readonly Text[], lengthOf: (text: Text) => number): Text[][] {
  const parts: Text[][] = []
  let characters = Number.POSITIVE_INFINITY
  for (const text of texts) {
    characters += lengthOf(text)
    if (characters > tokenizeCharactersMax) {
      parts.push([])
      characters = lengthOf(text)
    }
    parts.at(-1)!.push(text)
  }
  return parts
}
