import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { analyzeText, type Bitmap, createBitmap, LexicalEncoder, setBit } from '@hypershard/storage'
import { LexicalIndex } from '@hypershard/storage/rows'
import fc from 'fast-check'
import {
  bm25LengthShare,
  bm25Saturation,
  countWords,
  inverseDocumentFrequency,
  scoreWords,
  type WordStatistics,
} from './score-words.ts'

const words = ['a', 'b', 'c', 'd']
const texts = fc.array(
  fc.array(fc.constantFrom(...words), { maxLength: 8 }).map(all => all.join(' ')),
  { minLength: 1, maxLength: 24 },
)

function indexOf(own: readonly string[]): LexicalIndex {
  const encoder = new LexicalEncoder('simple')
  for (const text of own) encoder.append({ title: '', text })
  return new LexicalIndex(new Uint8Array(Buffer.concat([...encoder.encode()])), own.length)
}

function excluding(rows: readonly number[], documents: number): Bitmap | undefined {
  if (rows.length === 0) return undefined
  const excluded = createBitmap(documents)
  for (const row of rows) setBit(excluded, row)
  return excluded
}

const termsOf = ({ documents, documentCounts }: WordStatistics) =>
  words.map((term, at) => ({ term, weight: inverseDocumentFrequency(documents, documentCounts[at]!) }))

/** The formula, a document at a time. */
function naiveScore(text: string, all: readonly string[]): number {
  const lengths = all.map(other => analyzeText(other, 'simple').length)
  const average = lengths.reduce((sum, length) => sum + length, 0) / all.length
  const own = analyzeText(text, 'simple')
  return words.reduce((sum, term) => {
    const withTerm = all.filter(other => analyzeText(other, 'simple').includes(term)).length
    const idf = Math.log(1 + (all.length - withTerm + 0.5) / (withTerm + 0.5))
    const tf = own.filter(word => word === term).length
    const norm = bm25Saturation * (1 - bm25LengthShare + (bm25LengthShare * own.length) / average)
    return tf === 0 ? sum : sum + (idf * tf) / (tf + norm)
  }, 0)
}

describe('scores of words', () => {
  it('are those of BM25', () => {
    const index = indexOf(['a b', 'a a a', 'c d d d d d'])
    const statistics = countWords(index, words, undefined)
    assert.deepEqual(statistics, { documents: 3, words: 11, documentCounts: [2, 1, 1, 1] })
    // Worked out by hand for `a b`: ln(1 + 1.5 / 2.5) / (1 + 1.2 * (0.25 + 0.75 * 2 / (11 / 3))) + ln(1 + 2.5 / 1.5) / ...
    const norm = 1.2 * (0.25 + (0.75 * 2) / (11 / 3))
    const expected = Math.log(1.6) / (1 + norm) + Math.log(1 + 2.5 / 1.5) / (1 + norm)
    const [first] = scoreWords(index, termsOf(statistics), 11 / 3)
    assert.ok(Math.abs(first! - expected) < 1e-12, `${first} is not ${expected}`)
  })

  it('have the same bits however documents lie in segments, and deleted ones count for nothing', () => {
    const runs = { numRuns: casesOf({ usual: 60, thorough: 2_000 }) }
    const cuts = fc.array(fc.nat(24), { maxLength: 4 })
    fc.assert(
      fc.property(texts, cuts, fc.array(fc.nat(23), { maxLength: 6 }), (all, at, dead) => {
        const deleted = new Set(dead.filter(row => row < all.length))
        const living = all.filter((_, row) => !deleted.has(row))
        if (living.length === 0) return
        const whole = indexOf(living)
        const statistics = countWords(whole, words, undefined)
        const average = Math.max(1, statistics.words) / statistics.documents
        const expected = [...scoreWords(whole, termsOf(statistics), average)]

        const ends = [...new Set([0, ...at.filter(end => end < all.length), all.length])].sort((a, b) => a - b)
        const segments = ends.slice(1).map((end, place) => {
          const begin = ends[place]!
          const rows = [...deleted].filter(row => row >= begin && row < end).map(row => row - begin)
          return { index: indexOf(all.slice(begin, end)), begin, excluded: excluding(rows, end - begin) }
        })
        const counted = segments.map(({ index, excluded }) => countWords(index, words, excluded))
        const sum = (of: (one: WordStatistics) => number) => counted.reduce((total, one) => total + of(one), 0)
        const together = {
          documents: sum(one => one.documents),
          words: sum(one => one.words),
          documentCounts: words.map((_, term) => sum(one => one.documentCounts[term]!)),
        }
        assert.deepEqual(together, statistics)
        const found = segments.flatMap(({ index, begin }) =>
          [...scoreWords(index, termsOf(together), average)].filter((_, row) => !deleted.has(begin + row)),
        )
        assert.deepEqual(found, expected)
        if (statistics.words === 0) return
        for (const [row, text] of living.entries()) {
          assert.ok(Math.abs(found[row]! - naiveScore(text, living)) < 1e-9, `row ${row}`)
        }
      }),
      runs,
    )
  })

  it('are zero for a document without the words, and where no document has a word of the query', () => {
    const index = indexOf(['a', 'b'])
    assert.deepEqual([...scoreWords(index, [{ term: 'a', weight: 1 }], 1)].map(Math.sign), [1, 0])
    assert.deepEqual([...scoreWords(index, [{ term: 'none', weight: 1 }], 1)], [0, 0])
  })
})
