import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { type CutOptions, cutText } from './cut-text.ts'

const wordsOf = (part: string) => part.split(/\s+/).filter(word => word !== '').length
const options: CutOptions = { tokensOf: wordsOf, tokensMax: 6, overlapTokens: 0, passagesMax: 1_000 }
const partsOf = (text: string, given: Partial<CutOptions> = {}) =>
  cutText(text, { ...options, ...given }).ranges.map(({ begin, end }) => text.slice(begin, end))

describe('cutting a text into passages', () => {
  it('leaves a text that fits whole, without the white space around it', () => {
    assert.deepEqual(partsOf('  One two. Three four.\n'), ['One two. Three four.'])
    assert.deepEqual(partsOf(''), [''])
    assert.deepEqual(partsOf(' \n'), [''])
  })

  it('ends passages at sentences', () => {
    const text = 'One two three. Four five. Six seven eight nine! Is ten last? Yes.'
    assert.deepEqual(partsOf(text), ['One two three. Four five.', 'Six seven eight nine!', 'Is ten last? Yes.'])
  })

  it('begins a passage with the last sentences of the one before, as many as the overlap has room for', () => {
    const text = 'One two three. Four five. Six seven. Eight nine ten. Eleven.'
    assert.deepEqual(partsOf(text, { overlapTokens: 2, tokensMax: 7 }), [
      'One two three. Four five. Six seven.',
      'Six seven. Eight nine ten. Eleven.',
    ])
  })

  it('leaves the overlap out where the next sentence needs the room', () => {
    assert.deepEqual(partsOf('One two three. Four five. A b c d e f.', { overlapTokens: 3 }), [
      'One two three. Four five.',
      'A b c d e f.',
    ])
  })

  it('cuts a sentence that is longer than a passage between words', () => {
    const parts = partsOf('a b c d e f g h i j k l m n')
    assert.deepEqual(parts.join(' '), 'a b c d e f g h i j k l m n')
    assert(parts.every(part => wordsOf(part) <= 6))
  })

  it('cuts a word that is longer than a passage between characters, never inside one', () => {
    const tokensOf = (part: string) => part.length
    assert.deepEqual(partsOf('🦊🦊🦊🦊🦊', { tokensOf, tokensMax: 5 }), ['🦊🦊', '🦊', '🦊🦊'])
    assert.deepEqual(partsOf('🦊🦊', { tokensOf, tokensMax: 1 }), ['🦊', '🦊'])
  })

  it('says that a text goes on after as many passages as there may be', () => {
    const text = 'A b c d e f. G h i j k l. M n o.'
    assert.deepEqual(cutText(text, { ...options, passagesMax: 2 }).isCutOff, true)
    assert.deepEqual(cutText(text, { ...options, passagesMax: 3 }).isCutOff, false)
  })

  it('puts every character into a passage, none too long, none overlapping by more than asked', () => {
    const word = fc.constantFrom('a', 'long', 'word', '漢字', '🦊', '3.14', 'e.g.', 'b'.repeat(40))
    const between = fc.constantFrom(' ', ' ', ' ', '. ', '? ', '\n\n', '。', '.', '…')
    const texts = fc.array(fc.tuple(word, between), { maxLength: 120 }).map(parts => parts.flat().join(''))
    // Words, where joining changes nothing; characters, where a part may be too long even without white space.
    const tokenizers = fc.constantFrom(wordsOf, (part: string) => Math.ceil(part.length / 3))
    const sizes = fc.record({ tokensMax: fc.integer({ min: 4, max: 30 }), overlapTokens: fc.nat(20) })
    fc.assert(
      fc.property(texts, tokenizers, sizes, (text, tokensOf, size) => {
        const { ranges, isCutOff } = cutText(text, { ...options, ...size, tokensOf })
        assert.equal(isCutOff, false)
        let reached = 0
        let begun = -1
        for (const { begin, end } of ranges) {
          const part = text.slice(begin, end)
          assert(part.isWellFormed() && part === part.trim())
          assert(tokensOf(part) <= size.tokensMax, `${part} is too long`)
          assert(begin > begun && (end > reached || text.trim() === ''), 'a passage that gets no further')
          assert.equal(text.slice(reached, Math.max(reached, begin)).trim(), '', 'text in no passage')
          if (begin < reached && tokensOf === wordsOf) assert(wordsOf(text.slice(begin, reached)) <= size.overlapTokens)
          begun = begin
          reached = end
        }
        assert.equal(text.slice(reached).trim(), '')
      }),
      { numRuns: casesOf({ usual: 300, thorough: 5_000 }) },
    )
  })
})
