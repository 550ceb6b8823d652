/** The sentences of one text that say most of a query's words. Pure: the same text and words give the same ones. */
import { toCodePoints } from '@hypershard/common'
import type { AnalyzerName } from '@hypershard/contract'
import { locateTerms } from '@hypershard/storage'

interface TextRange {
  readonly begin: number
  /** What is behind the last. */
  readonly end: number
}

/** A word of the text that the query has, in UTF-16 units. */
export interface Mark extends TextRange {
  readonly term: string
}

/** In code points of the text. */
export interface Fragment extends TextRange {
  readonly text: string
  readonly marks: readonly TextRange[]
}

/** Sentences with a word of the query that are compared: the first of a text. */
const sentencesMax = 2_000

/** What a word counts in a fragment that another one has already. */
const repeatedShare = 0.25

const sentences = new Intl.Segmenter('und', { granularity: 'sentence' })

/** The words of a part of a text that are among the terms. */
export function marksIn(
  text: string,
  { begin: from, end: to }: TextRange,
  { terms, analyzer }: { readonly terms: ReadonlySet<string>; readonly analyzer: AnalyzerName },
): Mark[] {
  return locateTerms(text.slice(from, to), analyzer)
    .filter(({ term }) => terms.has(term))
    .map(({ term, begin, end }) => ({ term, begin: from + begin, end: from + end }))
}

/** A sentence, or a part of one that is too long, with the marks within. */
interface Candidate extends TextRange {
  readonly marks: readonly Mark[]
}

/**
 * The best sentences, each the one that adds most to those before it. A word weighs more the rarer it is among the marks of
 * this text, so that no statistics of other documents are needed; of equal sentences the first is better.
 * @param marks in the order of the text
 * @returns with whether all sentences with a mark were compared
 */
export function fragmentsOf(
  text: string,
  marks: readonly Mark[],
  { fragments: wanted, length }: { readonly fragments: number; readonly length: number },
): { readonly fragments: readonly Fragment[]; readonly isAll: boolean } {
  const counts = new Map<string, number>()
  for (const { term } of marks) counts.set(term, (counts.get(term) ?? 0) + 1)
  const weightOf = (term: string) => Math.log(1 + marks.length / counts.get(term)!)
  const { found, isAll } = sentencesWithMarks(text, marks)
  const left = found.map(sentence => fitted(text, sentence, length, weightOf))
  const given = new Set<string>()
  const chosen: Candidate[] = []
  while (chosen.length < wanted && left.length > 0) {
    const best = placeOfBest(left, term => weightOf(term) * (given.has(term) ? repeatedShare : 1))
    const [candidate] = left.splice(best, 1)
    for (const { term } of candidate!.marks) given.add(term)
    chosen.push(candidate!)
  }
  return { fragments: inCodePoints(text, chosen), isAll }
}

function sentencesWithMarks(text: string, marks: readonly Mark[]) {
  const segments = sentences.segment(text)
  const found: { readonly begin: number; end: number; readonly marks: Mark[] }[] = []
  for (const mark of marks) {
    const last = found.at(-1)
    if (last !== undefined && mark.begin < last.end) {
      last.marks.push(mark)
      continue
    }
    if (found.length === sentencesMax) return { found, isAll: false }
    const { segment, index } = segments.containing(mark.begin)!
    found.push({ begin: index, end: Math.max(index + segment.length, mark.end), marks: [mark] })
  }
  return { found, isAll: true }
}

/** The sentence without white space around it; of one that is too long, the part that says most. */
function fitted(text: string, sentence: Candidate, length: number, weightOf: (term: string) => number): Candidate {
  const own = { ...sentence, ...trimmed(text, sentence) }
  return own.end - own.begin <= length ? own : bestPart(text, own, length, weightOf)
}

function bestPart(text: string, sentence: Candidate, length: number, weightOf: (term: string) => number): Candidate {
  const { marks } = sentence
  const within = new Map<string, number>()
  let best = { first: 0, last: 0, weight: 0 }
  let first = 0
  let weight = 0
  for (const [last, { term, end }] of marks.entries()) {
    const known = within.get(term) ?? 0
    within.set(term, known + 1)
    if (known === 0) weight += weightOf(term)
    while (first < last && end - marks[first]!.begin > length) {
      const gone = marks[first++]!.term
      const rest = within.get(gone)! - 1
      within.set(gone, rest)
      if (rest === 0) weight -= weightOf(gone)
    }
    if (weight > best.weight) best = { first, last, weight }
  }
  const inner = { begin: marks[best.first]!.begin, end: marks[best.last]!.end }
  const part = widened(text, sentence, inner, length)
  const kept = marks
    .filter(({ begin, end }) => begin < part.end && end > part.begin)
    .map(mark => ({ ...mark, begin: Math.max(mark.begin, part.begin), end: Math.min(mark.end, part.end) }))
  return { ...part, marks: kept }
}

/** As much of the sentence on either side as there is room for, whole words of it where there is white space. */
function widened(text: string, sentence: TextRange, { begin, end }: TextRange, length: number): TextRange {
  const spare = Math.max(0, length - (end - begin))
  const from = Math.max(sentence.begin, Math.min(begin - (spare >> 1), sentence.end - length))
  const to = Math.min(sentence.end, from + length)
  const before = text.slice(from, begin)
  const behind = text.slice(end, to)
  // What stands before the first white space is part of a word, unless the sentence begins there.
  const cutBefore = from === sentence.begin ? 0 : Math.max(0, before.search(/\s/))
  const cutBehind = to === sentence.end ? 0 : (/\s\S*$/.exec(behind)?.[0].length ?? 0)
  return trimmed(text, { begin: outsidePair(text, from + cutBefore), end: outsidePair(text, to - cutBehind) })
}

function outsidePair(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at
}

function trimmed(text: string, { begin, end }: TextRange): TextRange {
  const part = text.slice(begin, end)
  const from = begin + part.length - part.trimStart().length
  return { begin: from, end: Math.max(from, begin + part.trimEnd().length) }
}

function placeOfBest(candidates: readonly Candidate[], worthOf: (term: string) => number): number {
  let best = { place: 0, value: -1 }
  for (const [place, { marks }] of candidates.entries()) {
    let value = 0
    for (const term of new Set(marks.map(mark => mark.term))) value += worthOf(term)
    if (value > best.value) best = { place, value }
  }
  return best.place
}

function inCodePoints(text: string, chosen: readonly Candidate[]): Fragment[] {
  // Two words may be made of one character.
  const distinct = chosen.map(part => ({ ...part, marks: part.marks.filter(isBehindOther) }))
  const ranges = distinct.flatMap(({ begin, end, marks }) => [{ begin, end }, ...marks])
  const points = toCodePoints(
    text,
    ranges.flatMap(({ begin, end }) => [begin, end]),
  )
  let at = 0
  const next = () => ({ begin: points[at++]!, end: points[at++]! })
  return distinct.map(({ begin, end, marks }) => {
    const own = next()
    return { ...own, text: text.slice(begin, end), marks: marks.map(next) }
  })
}

function isBehindOther({ begin }: Mark, at: number, marks: readonly Mark[]): boolean {
  return at === 0 || begin >= marks[at - 1]!.end
}
