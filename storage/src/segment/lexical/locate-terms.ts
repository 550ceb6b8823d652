/** Where a text's words stand: the terms of `analyzeText`, each with the part of the text that it was made of. */
import type { AnalyzerName } from '@hypershard/contract'
import { normalizeText, termOf, wordPattern } from './analyze-text.ts'

export interface LocatedTerm {
  readonly term: string
  /** In the text as it is given, in UTF-16 units. */
  readonly begin: number
  readonly end: number
}

/** Normalizing changes nothing beyond white space, so that each stretch without it can be normalized alone. */
const stretch = /(?:\S|\ufeff)+/g

/**
 * The terms of a text in the order of its words. Normalizing may change how long a text is (`№ 5` has the words `no` and
 * `5`), so that a word is as many whole characters of the text as it was made of.
 * @example
 * locateTerms('Stars twinkle', 'english') // [{ term: 'star', begin: 0, end: 5 }, { term: 'twinkl', begin: 6, end: 13 }]
 */
export function locateTerms(text: string, analyzer: AnalyzerName): LocatedTerm[] {
  const composed = text.normalize('NFKC')
  const lower = composed.toLowerCase()
  // Lower case is never shorter: of one length, all stands where it stood.
  if (composed === text && lower.length === text.length) return termsIn(lower, analyzer)
  return [...text.matchAll(stretch)].flatMap(({ 0: given, index }) => {
    const normalized = normalizeText(given)
    const placeOf = placesIn(given, normalized)
    return termsIn(normalized, analyzer).map(({ term, ...place }) => {
      const { begin, end } = placeOf(place.begin, place.end)
      return { term, begin: index + begin, end: index + end }
    })
  })
}

/** Of a normalized text, where they stand in it. */
function termsIn(normalized: string, analyzer: AnalyzerName): LocatedTerm[] {
  const located: LocatedTerm[] = []
  for (const { 0: word, index } of normalized.matchAll(wordPattern)) {
    located.push({ term: termOf(word, analyzer), begin: index, end: index + word.length })
  }
  return located
}

type PlaceOf = (begin: number, end: number) => { readonly begin: number; readonly end: number }

/** A letter with its accents. */
const character = /\P{M}\p{M}*|\p{M}+/gu

/**
 * From places in the normalized stretch to those in the given one, asked for in ascending order. Where characters become
 * others together than apart, as those of Hangul may, every word is the whole stretch.
 */
function placesIn(given: string, normalized: string): PlaceOf {
  const characters = given.match(character) ?? []
  const normals = characters.map(part => part.normalize('NFKC'))
  const ends = endsOf(normals.map(part => part.toLowerCase()))
  if (normals.join('') !== given.normalize('NFKC') || ends.at(-1) !== normalized.length) {
    return () => ({ begin: 0, end: given.length })
  }
  const givenEnds = endsOf(characters)
  let at = 0
  return (begin, end) => {
    while (ends[at]! <= begin) at++
    const first = at === 0 ? 0 : givenEnds[at - 1]!
    while (ends[at]! < end) at++
    return { begin: first, end: givenEnds[at]! }
  }
}

function endsOf(parts: readonly string[]): number[] {
  let end = 0
  return parts.map(({ length }) => (end += length))
}
