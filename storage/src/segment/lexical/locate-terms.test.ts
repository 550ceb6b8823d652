import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { analyzeText } from './analyze-text.ts'
import { locateTerms } from './locate-terms.ts'

function isInsidePair(text: string, at: number): boolean {
  return /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at))
}

describe('locating the terms of a text', () => {
  const cases = [
    ['english', 'Why do stars twinkle?', ['Why', 'do', 'stars', 'twinkle']],
    ['simple', 'Cafe\u0301s, x² ½', ['Cafe\u0301s', 'x²', '½', '½']],
    ['simple', '№5 ﬁne', ['№5', 'ﬁne']],
    ['simple', '東京。タワー', ['東', '京', 'タ', 'ワ', 'ー']],
    ['simple', '🦊fox🦊 İstanbul', ['fox', 'İstanbul']],
    ['simple', ' … ', []],
  ] as const
  for (const [analyzer, text, words] of cases) {
    it(`finds where words stand in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(
        locateTerms(text, analyzer).map(({ begin, end }) => text.slice(begin, end)),
        words,
      )
    })
  }

  it('finds the terms that an index has of the text, in whole characters of it, one behind the other', () => {
    const part = fc.oneof(
      fc.integer({ min: 0, max: 0x10ffff }).map(point => String.fromCodePoint(point)),
      fc.integer({ min: 0, max: 0x2fff }).map(point => String.fromCodePoint(point)),
      fc.constantFrom(
        'ΑΣ',
        'ΑΣ\ufeff',
        '\u0301',
        'e\u0301',
        '\u1112\u1161\u11ab',
        '¨',
        '…',
        '㎏',
        'İ',
        '\u00a0',
        'ǅ',
        '\ud800',
      ),
      fc.constantFrom('stars', ' ', '\n', '.'),
    )
    const text = fc.array(part, { maxLength: 12 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(text, fc.constantFrom('simple', 'english', 'german'), (given, analyzer) => {
        const located = locateTerms(given, analyzer)
        assert.deepEqual(
          located.map(({ term }) => term),
          analyzeText(given, analyzer),
        )
        let reached = 0
        for (const { begin, end } of located) {
          assert.ok(begin < end && end <= given.length && end >= reached)
          assert.ok(!isInsidePair(given, begin) && !isInsidePair(given, end))
          reached = end
        }
      }),
      { numRuns: casesOf({ usual: 100, thorough: 10_000 }) },
    )
  })
})
