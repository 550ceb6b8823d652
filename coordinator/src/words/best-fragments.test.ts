import assert from 'node:assert/strict'
import { fromCodePoints } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { analyzeText, locateTerms } from '@hypershard/storage'
import fc from 'fast-check'
import { fragmentsOf, marksIn } from './best-fragments.ts'

const analyzer = 'english'

function best(text: string, query: string, { fragments = 2, length = 60 } = {}) {
  const terms = new Set(analyzeText(query, analyzer))
  const marks = marksIn(text, { begin: 0, end: text.length }, { terms, analyzer })
  return fragmentsOf(text, marks, { fragments, length })
}

const textsOf = (...asked: Parameters<typeof best>) => best(...asked).fragments.map(({ text }) => text)

describe('the best fragments of a text', () => {
  it('are the sentences with the words that the text has seldom', () => {
    const text = 'Stars are far. Stars are old. The stars twinkle at night. Nothing here. Stars shine.'
    assert.deepEqual(textsOf(text, 'why do stars twinkle', { fragments: 1 }), ['The stars twinkle at night.'])
  })

  it('are those that add words to each other, and of equal ones the first', () => {
    const text = 'A moon and a star. The star and a moon. A sun is near. Moons go round.'
    assert.deepEqual(textsOf(text, 'star moon sun', { fragments: 3 }), [
      'A moon and a star.',
      'A sun is near.',
      'The star and a moon.',
    ])
  })

  it('are none where the text has no word of the query', () => {
    assert.deepEqual(best('The moon.', 'stars'), { fragments: [], isAll: true })
    assert.deepEqual(best('', 'stars').fragments, [])
  })

  it('are the part of a long sentence that has most of the words, in whole words where there are some', () => {
    const text = `Stars ${'and some other word '.repeat(10)}until the stars twinkle over ${'and more of that '.repeat(10)}.`
    const [fragment] = best(text, 'stars twinkle').fragments
    assert.match(fragment!.text, /^[a-z ]*\buntil the stars twinkle over\b[a-z ]*$/)
    assert.ok(fragment!.text.length <= 60 && text.includes(` ${fragment!.text} `))
    assert.deepEqual(textsOf(`${'漢'.repeat(90)}字${'漢'.repeat(90)}`, '字', { length: 21 }), [
      `${'漢'.repeat(10)}字${'漢'.repeat(10)}`,
    ])
  })

  it('cut a word that is longer than they may be', () => {
    const { fragments } = best(`${'a'.repeat(30)} b`, 'a'.repeat(30), { length: 20 })
    assert.deepEqual(fragments, [{ begin: 0, end: 20, text: 'a'.repeat(20), marks: [{ begin: 0, end: 20 }] }])
  })

  it('tell places in code points, of two words in one character once', () => {
    assert.deepEqual(best('🦊🦊 fox. A 🦊 ½ of it', '1 2').fragments, [
      { begin: 8, end: 19, text: 'A 🦊 ½ of it', marks: [{ begin: 12, end: 13 }] },
    ])
  })

  it('are of the text, no longer than asked, and their marks are all of the words in them', () => {
    const word = fc.constantFrom('star', 'stars', 'moon', 'Mars', '漢字', '🦊', 'e.g.', 'x'.repeat(30), '½')
    const between = fc.constantFrom(' ', ' ', ' ', '. ', '? ', '\n\n', '。', '')
    const texts = fc.array(fc.tuple(word, between), { maxLength: 60 }).map(parts => parts.flat().join(''))
    const sizes = fc.record({ fragments: fc.integer({ min: 1, max: 5 }), length: fc.integer({ min: 20, max: 80 }) })
    const query = 'star 漢 moon x½'
    const terms = new Set(analyzeText(query, analyzer))
    fc.assert(
      fc.property(texts, sizes, (text, size) => {
        const { fragments, isAll } = best(text, query, size)
        assert.equal(isAll, true)
        assert.ok(fragments.length <= size.fragments)
        const places = locateTerms(text, analyzer).filter(({ term }) => terms.has(term))
        assert.equal(fragments.length > 0, places.length > 0)
        const ranges = fragments.map(({ begin, end }) => fromCodePoints(text, [begin, end]) as [number, number])
        for (const [at, { text: given, marks }] of fragments.entries()) {
          const [begin, end] = ranges[at]!
          assert.equal(given, text.slice(begin, end))
          assert.ok(given.isWellFormed() && given === given.trim() && given.length <= size.length)
          assert.ok(marks.length > 0)
          const marked = marks.map(mark => fromCodePoints(text, [mark.begin, mark.end]))
          const within = places.filter(place => place.begin >= begin && place.end <= end)
          assert.ok(within.every(place => marked.some(([from, to]) => from! <= place.begin && place.end <= to!)))
          assert.ok(marked.every(([from, to]) => from! >= begin && to! <= end && from! < to!))
        }
        const sorted = ranges.toSorted(([a], [b]) => a - b)
        assert.ok(sorted.every(([begin], at) => at === 0 || begin >= sorted[at - 1]![1]))
      }),
      { numRuns: casesOf({ usual: 300, thorough: 5_000 }) },
    )
  })
})
