import assert from 'node:assert/strict'
import { loadModelDirectory } from '@hypershard/qnet'
import fc from 'fast-check'
import { minilmPath } from '../testing/minilm-reference.ts'
import { placeWords } from './place-words.ts'
import { openTokenizer, type TextTokenizer } from './tokenizer.ts'

describe('the places of words among tokens', () => {
  let tokenizer: TextTokenizer
  before(async () => {
    tokenizer = openTokenizer(await loadModelDirectory(minilmPath), 'query')
  })

  const wordsOf = (text: string) =>
    tokenizer.placeWords(text, 64)?.map(({ begin, end, token }) => [text.slice(begin, end), token])

  it('count the tokens of the words before, and [CLS]', () => {
    assert.deepEqual(wordsOf('Hypersonic flow, or 京都?'), [
      ['Hypersonic', 1],
      ['flow', 3],
      [',', 4],
      ['or', 5],
      ['京', 6],
      ['都', 7],
      ['?', 8],
    ])
  })

  it('are behind what the model puts before a query, which is no word of it', async () => {
    const directory = await loadModelDirectory(minilmPath)
    const own = { ...directory.settings.tokenizer, queryPrefix: 'query: ' }
    const prefixed = openTokenizer({ ...directory, settings: { ...directory.settings, tokenizer: own } }, 'query')
    const placed = prefixed.placeWords('red or blue', 64)!
    assert.deepEqual(
      placed.map(({ begin, token }) => [begin, token]),
      [
        [0, 3],
        [4, 4],
        [7, 5],
      ],
    )
  })

  it('pass over what has no token', () =>
    assert.deepEqual(wordsOf('a \u0000 b'), [
      ['a', 1],
      ['b', 2],
    ]))

  it('are not told of a text that is cut, and are of one that just fits', () => {
    assert.equal(tokenizer.placeWords('a b c', 4), undefined)
    assert.equal(tokenizer.placeWords('a b', 4)?.length, 2)
  })

  it("are those of the text's own tokens, or are not told", () => {
    const parts = fc.constantFrom(
      'a',
      'Å',
      'e\u0301',
      'tremendously',
      '…',
      '漢字',
      '🦊',
      '##s',
      '→',
      '$5',
      ' ',
      '\n',
      '\u200b',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(parts, { maxLength: 20 }).map(all => all.join('')),
          fc.string(),
        ),
        text => {
          const { ids, textTokens } = tokenizer.tokenize(text, 200)
          const placed = tokenizer.placeWords(text, 200)
          if (placed === undefined) return
          const found = placed.flatMap(({ begin, end }) =>
            [...tokenizer.tokenize(text.slice(begin, end), 200).ids].slice(1, -1),
          )
          assert.deepEqual(found, [...ids.slice(1, 1 + textTokens)])
          const starts = placed.map(({ token }) => token)
          assert.deepEqual(
            starts,
            starts.toSorted((one, other) => one - other),
          )
        },
      ),
    )
  })

  it('are told of every text of words and marks', () => {
    const plain = fc.stringMatching(/^[a-zA-Z0-9 ,.;:?!'"()/-]{0,60}$/)
    fc.assert(fc.property(plain, text => assert.notEqual(tokenizer.placeWords(text, 200), undefined)))
  })

  it('are not told where words have other tokens alone than in the text', () => {
    const own = { ids: Int32Array.of(7, 8, 9), begin: 0, end: 3 }
    const alone: Record<string, number[]> = { ab: [7], cd: [8, 9] }
    assert.equal(placeWords('ab cd', own, word => alone[word]!)?.length, 2)
    assert.equal(
      placeWords('ab cd', own, word => (word === 'cd' ? [8] : [7])),
      undefined,
    )
    assert.equal(
      placeWords('ab cd', own, word => (word === 'cd' ? [9, 8] : [7])),
      undefined,
    )
  })
})
