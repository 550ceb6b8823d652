/** A text in three parts, of which the middle one is its best passage. */
export interface CutText {
  readonly before: string
  readonly passage: string
  readonly after: string
  /** Whether something at either end was left out. */
  readonly cut: boolean
}

/** How much stands before the passage of a text that is cut. */
const leadCharacters = 2_000

/**
 * @param passage where it lies, in code points, as the API has it
 * @param charactersMax how much of the text is wanted; the passage is in it
 */
export function cutAtPassage(
  text: string,
  passage: { readonly begin: number; readonly end: number } | undefined,
  charactersMax: number,
): CutText {
  const { begin, end } = passage === undefined ? { begin: 0, end: 0 } : unitsOf(text, passage)
  const whole = text.length <= charactersMax
  const from = whole ? 0 : Math.max(0, begin - leadCharacters)
  const to = whole ? text.length : Math.max(end, from + charactersMax)
  return {
    before: (from > 0 ? '…' : '') + wholeCharacters(text, from, begin),
    passage: text.slice(begin, end),
    after: wholeCharacters(text, end, to) + (to < text.length ? '…' : ''),
    cut: !whole,
  }
}

/** Places in code points as those in UTF-16 units, which strings count. */
function unitsOf(text: string, { begin, end }: { readonly begin: number; readonly end: number }) {
  let units = 0
  let points = 0
  const found = { begin: text.length, end: text.length }
  for (const character of text) {
    if (points === begin) found.begin = units
    if (points === end) {
      found.end = units
      break
    }
    units += character.length
    points++
  }
  return { begin: Math.min(found.begin, found.end), end: found.end }
}

/** A part of a text without halves of surrogate pairs at its ends. */
function wholeCharacters(text: string, from: number, to: number): string {
  return text.slice(from, to).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
}
