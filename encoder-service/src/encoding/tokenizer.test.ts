import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeTinyModel } from '@hypershard/harness/qnets'
import { loadModelDirectory, type ModelDirectory } from '@hypershard/qnet'
import fc from 'fast-check'
import { minilmPath, minilmReference } from '../testing/minilm-reference.ts'
import { openTokenizer, type TextTokenizer } from './tokenizer.ts'

function withTokenizer(
  directory: ModelDirectory,
  settings: Partial<ModelDirectory['settings']['tokenizer']>,
): ModelDirectory {
  const tokenizer = { ...directory.settings.tokenizer, ...settings }
  return { ...directory, settings: { ...directory.settings, tokenizer } }
}

describe('the tokenizer', () => {
  describe('of the shipped model', () => {
    let tokenizer: TextTokenizer
    before(async () => {
      tokenizer = openTokenizer(await loadModelDirectory(minilmPath), 'query')
    })

    for (const { name, text, query, document } of minilmReference.texts) {
      it(`gives the reference ids for "${name}"`, () => {
        const { limits } = minilmReference
        assert.deepEqual([...tokenizer.tokenize(text, limits.query).ids], query.tokenIds)
        assert.deepEqual([...tokenizer.tokenize(text, limits.document).ids], document.tokenIds)
      })
    }

    // Ids of the reference library (Python `tokenizers` 0.23) where the JavaScript package alone gives others.
    const corrected = [
      { title: 'a capital sigma at the end of a word', text: 'ΟΔΟΣ', ids: [101, 1169, 29722, 29730, 29733, 102] },
      { title: 'ideographs outside the basic plane', text: '𠀀𠀁', ids: [101, 100, 100, 102] },
    ]
    for (const { title, text, ids } of corrected) {
      it(`reads ${title} as the reference library does`, () => {
        assert.deepEqual([...tokenizer.tokenize(text, 64).ids], ids)
      })
    }

    // Of the text's own tokens, and those of them that are [UNK].
    const countedTokens = [
      { title: 'words that it knows', text: 'stars twinkle', tokens: 2, unknown: 0 },
      { title: 'punctuation alone', text: '?! ...', tokens: 5, unknown: 0 },
      { title: 'ideographs that it does not know', text: '婚礼', tokens: 2, unknown: 2 },
      { title: 'a picture', text: '🦊', tokens: 1, unknown: 1 },
      { title: 'a word of 200,000 letters', text: 'a'.repeat(200_000), tokens: 1, unknown: 1 },
      { title: 'both kinds', text: 'the 🦊 is quick', tokens: 4, unknown: 1 },
      { title: 'control characters and white space', text: '\u0001\u0002 \u200b\n\t', tokens: 0, unknown: 0 },
      { title: 'nothing', text: '', tokens: 0, unknown: 0 },
    ]
    for (const { title, text, tokens, unknown } of countedTokens) {
      it(`counts what it does not know of ${title}`, () => {
        const { textTokens, unknownTokens, ids } = tokenizer.tokenize(text, 64)
        assert.deepEqual([textTokens, unknownTokens, ids.length], [tokens, unknown, tokens + 2])
      })
    }

    it('counts only what it reads of a text that it cuts', () => {
      const { textTokens, unknownTokens } = tokenizer.tokenize('a 🦊 b 🦊 🦊', 5)
      assert.deepEqual([textTokens, unknownTokens], [3, 1])
    })

    it('cuts a long text to its first tokens and keeps [CLS] and [SEP]', () => {
      const whole = tokenizer.tokenize('one two three four five', 64)
      const cut = tokenizer.tokenize('one two three four five', 5)
      assert.deepEqual([...cut.ids], [...whole.ids.slice(0, 4), 102])
      assert.deepEqual([whole.truncated, cut.truncated], [false, true])
      assert.equal(tokenizer.tokenize('one two three', 5).truncated, false)
    })

    it('gives a megabyte of text its tokens in the time of its beginning', () => {
      const text = 'the quick brown fox '.repeat(50_000)
      const msOf = (tokensMax: number) => {
        const startedMs = performance.now()
        assert.equal(tokenizer.tokenize(text, tokensMax).ids.length, tokensMax)
        return performance.now() - startedMs
      }
      // The fastest, since other work may slow some; the beginning takes less than a hundredth of the whole.
      const beginningMs = Math.min(...Array.from({ length: 5 }, () => msOf(256)))
      const wholeMs = msOf(200_000)
      assert(beginningMs < wholeMs / 5, `${beginningMs} ms of ${wholeMs} ms`)
    })

    it('gives the beginning of a text the tokens that the whole has', () => {
      // Words of over 100 characters are one unknown token: cut in two they would be several known ones.
      const words = fc.constantFrom('a', 'Å', 'tremendously', '…', '漢字', 'b'.repeat(45), '[SEP]', 'ΟΣ')
      const between = fc.constantFrom(' ', '\n', '\u00a0', '\u3000', '', '\u0085', '\ufeff', '\t  ')
      const texts = fc.array(fc.tuple(words, between), { maxLength: 60 }).map(parts => parts.flat().join(''))
      fc.assert(
        fc.property(texts, fc.integer({ min: 3, max: 12 }), (text, tokensMax) => {
          const whole = tokenizer.tokenize(text, 8192).ids
          const expected = whole.length <= tokensMax ? whole : [...whole.slice(0, tokensMax - 1), whole.at(-1)]
          assert.deepEqual([...tokenizer.tokenize(text, tokensMax).ids], [...expected])
        }),
        { numRuns: 300, examples: [[`${'b'.repeat(60)}\ufeff${'b'.repeat(60)}`, 3]] },
      )
    })
  })

  describe('of a model with a prefix', () => {
    const queryPrefix = 'Find what answers, 婚: '
    let plain: TextTokenizer
    let prefixed: TextTokenizer
    before(async () => {
      const directory = await loadModelDirectory(minilmPath)
      plain = openTokenizer(directory, 'query')
      prefixed = openTokenizer(withTokenizer(directory, { queryPrefix }), 'query')
    })

    it('puts it before a text, whatever that is, and counts the tokens of the text alone', () => {
      const words = fc.constantFrom('a', 'Å', 'tremendously', '…', '漢字', '🦊', '##s', ':', ' ', '\n')
      const texts = fc.array(words, { maxLength: 20 }).map(parts => parts.join(''))
      const { ids: ofPrefix } = plain.tokenize(queryPrefix, 64)
      fc.assert(
        fc.property(texts, text => {
          const own = plain.tokenize(text, 64)
          const { ids, ...counted } = prefixed.tokenize(text, 64)
          assert.deepEqual([...ids], [...ofPrefix.slice(0, -1), ...own.ids.slice(1)])
          assert.deepEqual(counted, {
            truncated: false,
            textTokens: own.textTokens,
            unknownTokens: own.unknownTokens,
          })
        }),
        { numRuns: 200 },
      )
    })

    it('cuts the text and never the prefix', () => {
      const { ids: ofPrefix } = plain.tokenize(queryPrefix, 64)
      const cut = prefixed.tokenize('one two three four', ofPrefix.length + 2)
      assert.deepEqual([...cut.ids.slice(0, ofPrefix.length - 1)], [...ofPrefix.slice(0, -1)])
      assert.deepEqual([cut.truncated, cut.textTokens, cut.ids.length], [true, 2, ofPrefix.length + 2])
    })

    it('of queries leaves documents as they are', async () => {
      const directory = withTokenizer(await loadModelDirectory(minilmPath), { queryPrefix })
      const document = openTokenizer(directory, 'document')
      assert.deepEqual(document.tokenize('stars twinkle', 64), plain.tokenize('stars twinkle', 64))
    })

    it('is refused where the prefix leaves a text no room', async () => {
      const directory = await loadModelDirectory(minilmPath)
      const { length } = plain.tokenize(queryPrefix, 64).ids
      openTokenizer(withTokenizer(directory, { queryPrefix, maxQueryTokens: length + 1 }), 'query')
      assert.throws(() => openTokenizer(withTokenizer(directory, { queryPrefix, maxQueryTokens: length }), 'query'), {
        code: 'invalid_model',
        message: /model\.json says a tokenizer\.queryPrefix that leaves a text none of the \d+ tokens/,
      })
    })
  })

  it('refuses a file that is no tokenizer, naming it', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'hypershard-tokenizer-'))
    try {
      const directory = await loadModelDirectory((await writeTinyModel(parent)).path)
      const whole = JSON.parse(await readFile(join(directory.path, 'tokenizer.json'), 'utf8'))
      const { model: _, ...noModel } = whole
      const twice = { ...whole, post_processor: { ...whole.post_processor, single: [] } }
      for (const content of ['{', '{}', JSON.stringify(noModel), JSON.stringify(twice)]) {
        const files = new Map([['tokenizer.json', Buffer.from(content)]])
        assert.throws(() => openTokenizer({ ...directory, files }, 'query'), {
          code: 'invalid_model',
          message: /tokenizer\.json is no tokenizer this service can run/,
        })
      }
    } finally {
      await rm(parent, { recursive: true })
    }
  })
})
