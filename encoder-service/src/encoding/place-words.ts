import type { TextRange } from '../passages/cut-text.ts'

/** A word of a text, in UTF-16 units, and the place of its first token. */
export interface PlacedWord extends TextRange {
  readonly token: number
}

/** The tokens of the text alone, among those that the tokenizer and the model put around it. */
export interface OwnTokens {
  readonly ids: Int32Array
  readonly begin: number
  readonly end: number
}

/** What BERT splits at: white space, and every mark and ideograph is a word of its own. */
const words = /[\p{P}$+<=>^`|~]|\p{Script=Han}|[^\s\p{P}$+<=>^`|~\p{Script=Han}]+/gu

/**
 * Tokenises each word alone, since the tokenizers package gives no places. Undefined where the words' tokens are not the
 * text's: of a tokenizer that reads a word otherwise by what is beside it, and of characters that it removes or splits at in
 * a way of its own.
 */
export function placeWords(
  text: string,
  own: OwnTokens,
  idsOf: (word: string) => readonly number[],
): PlacedWord[] | undefined {
  const placed: PlacedWord[] = []
  let token = own.begin
  for (const { 0: word, index: begin } of text.matchAll(words)) {
    const ids = idsOf(word)
    if (ids.some((id, at) => own.ids[token + at] !== id)) return undefined
    // A word of nothing but what is removed has no token, and no tag.
    if (ids.length > 0) placed.push({ begin, end: begin + word.length, token })
    token += ids.length
  }
  return token === own.end ? placed : undefined
}
