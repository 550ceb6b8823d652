/**
 * From a text to its terms. Documents and queries go through the same analyzer, or words would not meet: what is changed
 * here must get an analyzer name of its own, because segments keep the terms that they were written with.
 */
import type { AnalyzerName } from '@hypershard/contract'
import { stemmer as danish } from '@orama/stemmers/danish'
import { stemmer as dutch } from '@orama/stemmers/dutch'
import { stemmer as english } from '@orama/stemmers/english'
import { stemmer as finnish } from '@orama/stemmers/finnish'
import { stemmer as french } from '@orama/stemmers/french'
import { stemmer as german } from '@orama/stemmers/german'
import { stemmer as italian } from '@orama/stemmers/italian'
import { stemmer as norwegian } from '@orama/stemmers/norwegian'
import { stemmer as portuguese } from '@orama/stemmers/portuguese'
import { stemmer as russian } from '@orama/stemmers/russian'
import { stemmer as spanish } from '@orama/stemmers/spanish'
import { stemmer as swedish } from '@orama/stemmers/swedish'
import { LRUCache } from 'lru-cache'

/** Of a term, in UTF-16 units; what is longer is cut, in documents and queries alike. */
export const termCharactersMax = 128

/** Words whose terms are remembered, of each analyzer: most of a text's words are few. */
const wordsKeptMax = 65_536

/** Scripts without spaces between words: each character is a word. */
export const wordPattern =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]|[[\p{L}\p{M}\p{N}]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]]+/gv

/** Accents that stand behind their letter once it is decomposed. */
const accents = /[\u0300-\u036f]/g

const stemmers: Readonly<Record<AnalyzerName, (word: string) => string>> = {
  simple: text => text,
  english,
  danish,
  dutch,
  finnish,
  french,
  german,
  italian,
  norwegian,
  portuguese,
  russian,
  spanish,
  swedish,
}

const kept = new Map<AnalyzerName, LRUCache<string, string>>()

/**
 * The terms of a text in the order of its words, one a word.
 * @example
 * analyzeText('Why do stars twinkle?', 'english') // ['whi', 'do', 'star', 'twinkl']
 */
export function analyzeText(text: string, analyzer: AnalyzerName): string[] {
  return (normalizeText(text).match(wordPattern) ?? []).map(word => termOf(word, analyzer))
}

/** What words are found in. */
export function normalizeText(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** Of a word of a normalized text. */
export function termOf(word: string, analyzer: AnalyzerName): string {
  const terms = termsOf(analyzer)
  const known = terms.get(word)
  if (known !== undefined) return known
  const term = toTerm(word, analyzer)
  terms.set(word, term)
  return term
}

/** Accents go last: stemmers know them. */
function toTerm(found: string, analyzer: AnalyzerName): string {
  const stemOf = stemmers[analyzer]
  const stem = stemOf(found.slice(0, termCharactersMax)).normalize('NFD').replace(accents, '')
  return stem.normalize('NFC').toWellFormed()
}

function termsOf(analyzer: AnalyzerName): LRUCache<string, string> {
  const known = kept.get(analyzer)
  if (known !== undefined) return known
  const own = new LRUCache<string, string>({ max: wordsKeptMax })
  kept.set(analyzer, own)
  return own
}
