/** JSON text to values and back without changing a number: a double holds neither 9007199254740993 nor 1e400. */

/** A number that a double would change, as it was written. `JSON.stringify` writes it so again. */
export interface ExactNumber {
  /** The numeral: `9007199254740993`, `1.10`, `1e400`. */
  readonly rawJSON: string
}

declare global {
  // What Node has and the compiler's library does not know yet (the proposal "JSON.parse source text access").
  interface JSON {
    rawJSON(text: string): ExactNumber
    isRawJSON(value: unknown): value is ExactNumber
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
  }
}

/**
 * Numerals that JSON.stringify might write otherwise: with a fraction, an exponent, 16 digits or more, or -0. Some of them
 * stand in strings only. What may stand before one begins the pattern as a plain class of characters, apart from the beginning
 * of the text: so a text with a vector in base64 is searched many times as fast.
 */
const numeral = String.raw`[ \t\r\n]*(-0[\d.eE+-]*|-?(?:\d{16}|\d+[.eE])[\d.eE+-]*)`
const firstNumeral = new RegExp(`^${numeral}`)
const doubtfulNumeral = new RegExp(`[:[,]${numeral}`)
const doubtfulNumerals = new RegExp(doubtfulNumeral, 'g')

/**
 * The value of a JSON text, in which a number that would not come out again as it was written is an `ExactNumber`:
 * `JSON.stringify(parseExactJson(text))` has every numeral of the text. Text without such numbers costs a plain parse
 * and one search more.
 * @example parseExactJson('{"n":9007199254740993,"m":1}') // { n: { rawJSON: '9007199254740993' }, m: 1 }
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  if (!hasDoubtfulNumerals(text) || hasOnlyKeptNumerals(text)) return JSON.parse(text)
  try {
    return JSON.parse(text, exactValue)
  } catch (error) {
    // A reviver is called once a level on the stack. Whoever takes values so deep refuses them by their depth.
    if (error instanceof RangeError) return JSON.parse(text)
    throw error
  }
}

function hasDoubtfulNumerals(text: string): boolean {
  return doubtfulNumeral.test(text) || firstNumeral.test(text)
}

/** Far cheaper than a reviver where few numbers are doubtful. */
function hasOnlyKeptNumerals(text: string): boolean {
  for (const [, found = ''] of text.matchAll(doubtfulNumerals)) if (!isKept(found, Number(found))) return false
  const [, first] = firstNumeral.exec(text) ?? []
  return first === undefined || isKept(first, Number(first))
}

/** Whether JSON.stringify writes the number as it was written, and no other integer has the same double. */
function isKept(numeral: string, value: number): boolean {
  return String(value) === numeral && (Number.isSafeInteger(value) || /[.e]/.test(numeral))
}

function exactValue(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined) return value
  return isKept(source, value) ? value : JSON.rawJSON(source)
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return JSON.isRawJSON(value)
}

/** The same value with every exact number as the nearest double: for whoever only takes those. */
export function withPlainNumbers(value: unknown): unknown {
  if (isExactNumber(value)) return Number(value.rawJSON)
  if (Array.isArray(value)) return value.map(withPlainNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withPlainNumbers(inner)]))
}
