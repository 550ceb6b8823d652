/**
 * Cuts a text that is longer than a model reads into passages: whole sentences, as many as fit, each passage beginning
 * with the last sentences of the one before. Pure: the same text gives the same passages.
 */

/** Of a text, in UTF-16 units. */
export interface TextRange {
  readonly begin: number
  readonly end: number
}

export interface CutOptions {
  /** How many tokens a part has; of one that does not fit, any number above `tokensMax` will do. */
  readonly tokensOf: (part: string) => number
  /** Of a passage. */
  readonly tokensMax: number
  /** Of what a passage repeats of the one before, at most. */
  readonly overlapTokens: number
  readonly passagesMax: number
}

export interface CutText {
  /** One at least. Each begins and ends after the one before; what is in none is white space, unless `isCutOff`. */
  readonly ranges: readonly TextRange[]
  /** Whether the text goes on after the last of `passagesMax` passages. */
  readonly isCutOff: boolean
}

/** A sentence, or a part of one that is too long. Fits. */
interface Atom extends TextRange {
  readonly tokens: number
}

const sentences = new Intl.Segmenter('und', { granularity: 'sentence' })

export function cutText(text: string, options: CutOptions): CutText {
  const whole = trimmed(text, { begin: 0, end: text.length })
  if (options.tokensOf(slice(text, whole)) <= options.tokensMax) return { ranges: [whole], isCutOff: false }
  const atoms = [...sentences.segment(text)].flatMap(({ segment, index }) =>
    atomsOf(text, { begin: index, end: index + segment.length }, options),
  )
  const ranges: TextRange[] = []
  let first = 0
  let reached = 0
  while (reached < atoms.length && ranges.length < options.passagesMax) {
    const next = endOfPassage(text, atoms, { first, reached }, options)
    ranges.push({ begin: atoms[first]!.begin, end: atoms[next - 1]!.end })
    if (next < atoms.length) first = beginOfNext(text, atoms, { first, next }, options)
    reached = next
  }
  return { ranges, isCutOff: reached < atoms.length }
}

/** Halves what does not fit, at white space where there is any near, until it does. A lone character counts as fitting. */
function atomsOf(text: string, range: TextRange, options: CutOptions): Atom[] {
  const own = trimmed(text, range)
  if (own.begin === own.end) return []
  const tokens = options.tokensOf(slice(text, own))
  const middle = middleOf(text, own)
  if (tokens <= options.tokensMax || middle === undefined) return [{ ...own, tokens }]
  return [
    ...atomsOf(text, { begin: own.begin, end: middle }, options),
    ...atomsOf(text, { begin: middle, end: own.end }, options),
  ]
}

/**
 * @param reached an atom that is known to fit after `first`
 * @returns where the passage that begins with `first` ends: before this atom
 */
function endOfPassage(
  text: string,
  atoms: readonly Atom[],
  { first, reached }: { readonly first: number; readonly reached: number },
  options: CutOptions,
): number {
  let next = reached + 1
  let tokens = atoms.slice(first, next).reduce((sum, atom) => sum + atom.tokens, 0)
  while (next < atoms.length && tokens + atoms[next]!.tokens <= options.tokensMax) tokens += atoms[next++]!.tokens
  // Parts may have more tokens joined than apart.
  const joined = () => options.tokensOf(slice(text, { begin: atoms[first]!.begin, end: atoms[next - 1]!.end }))
  while (next > reached + 1 && joined() > options.tokensMax) next--
  return next
}

/** Goes back from the end of a passage while the overlap has room, but never to its beginning. */
function beginOfNext(
  text: string,
  atoms: readonly Atom[],
  { first, next }: { readonly first: number; readonly next: number },
  options: CutOptions,
): number {
  let begin = next
  for (let tokens = 0; begin - 1 > first; begin--) {
    tokens += atoms[begin - 1]!.tokens
    if (tokens > options.overlapTokens) break
  }
  // The next passage must get further than this one, so the overlap leaves room for the atom that follows.
  const joined = () => options.tokensOf(slice(text, { begin: atoms[begin]!.begin, end: atoms[next]!.end }))
  while (begin < next && joined() > options.tokensMax) begin++
  return begin
}

/** The white space nearest to the middle, within a quarter; else the middle, between two characters. */
function middleOf(text: string, { begin, end }: TextRange): number | undefined {
  const middle = (begin + end) >> 1
  const reach = (end - begin) >> 2
  for (let step = 0; step <= reach; step++) {
    for (const at of [middle - step, middle + step]) {
      if (at > begin && at < end && /\s/.test(text[at]!)) return at
    }
  }
  const at = isLowSurrogate(text, middle) ? middle + 1 : middle
  if (at > begin && at < end) return at
  return undefined
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

function trimmed(text: string, { begin, end }: TextRange): TextRange {
  const part = text.slice(begin, end)
  const from = begin + part.length - part.trimStart().length
  return { begin: from, end: Math.max(from, begin + part.trimEnd().length) }
}

function slice(text: string, { begin, end }: TextRange): string {
  return text.slice(begin, end)
}
