import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { casesOf } from '@hypershard/harness'
import { type TinyCrossEncoderOptions, tinyEncoder, writeTinyCrossEncoder } from '@hypershard/harness/qnets'
import { GraphBuilder, loadCrossEncoderDirectory } from '@hypershard/qnet'
import fc from 'fast-check'
import { PairModel } from './pair-model.ts'

describe('a cross-encoder', () => {
  let parent: string
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-pairs-'))
  })
  afterEach(() => rm(parent, { recursive: true }))

  async function open(options: TinyCrossEncoderOptions = {}): Promise<PairModel> {
    const { path } = await writeTinyCrossEncoder(parent, options)
    return PairModel.open(await loadCrossEncoderDirectory(path), { threads: 1 })
  }

  async function scoresOf(model: PairModel, query: string, texts: readonly string[]): Promise<number[]> {
    return [...(await model.scorePairs(model.tokenizePairs(query, texts).pairs))]
  }

  it('reads [CLS] query [SEP] text [SEP], and knows where the text begins', async () => {
    const { pairs, queryTruncated } = (await open()).tokenizePairs('ab', ['c d'])
    const [cls, query, separator, ...rest] = pairs[0]!.ids
    assert.deepEqual([cls, separator, rest.at(-1), rest.length], [2, 3, 3, 3])
    assert.notEqual(query, separator)
    assert.deepEqual([pairs[0]!.textFrom, pairs[0]!.truncated, queryTruncated], [3, false, false])
  })

  it('cuts the query at its own limit and the text at what that leaves, and tells both', async () => {
    const model = await open({ maxTokens: 16, maxQueryTokens: 4 })
    const long = model.tokenizePairs('a b c d e', ['f '.repeat(9), 'f '.repeat(10)])
    assert.equal(long.queryTruncated, true)
    assert.deepEqual(
      long.pairs.map(({ ids, truncated, textFrom }) => [ids.length, truncated, textFrom]),
      [
        [16, false, 6],
        [16, true, 6],
      ],
    )
    const short = model.tokenizePairs('a', ['f '.repeat(11), 'f '.repeat(12)])
    assert.equal(short.queryTruncated, false)
    assert.deepEqual(
      short.pairs.map(({ ids, truncated }) => [ids.length, truncated]),
      [
        [15, false],
        [16, false],
      ],
    )
  })

  it('reads query and text together: one that has the words of the query scores above one without', async () => {
    const model = await open()
    const [own, other] = await scoresOf(model, 'stars dust', ['stars dust', 'zebra yolk'])
    assert.ok(own! > other!, `${own} is not above ${other}`)
  })

  it('gives a pair the same bits whatever pairs share its batch', async () => {
    const model = await open()
    const word = fc.constantFrom('stars', 'dust', 'sun', 'a', 'light')
    const text = fc.array(word, { minLength: 0, maxLength: 40 }).map(words => words.join(' '))
    await fc.assert(
      fc.asyncProperty(text, fc.array(text, { minLength: 1, maxLength: 12 }), async (query, texts) => {
        const together = await scoresOf(model, query, texts)
        for (const [at, one] of texts.entries()) {
          assert.deepEqual(await scoresOf(model, query, [one]), [together[at]])
        }
      }),
      { numRuns: casesOf({ usual: 20, thorough: 300 }) },
    )
  })

  it('counts the weights that each token is multiplied with', async () => {
    assert.equal((await open()).loaded.tokenParameters, 256)
  })

  it('is refused where its graph is an encoder, or mixes the pairs of a batch', async () => {
    const encoder = tinyEncoder({ vocabularySize: 2_700, hiddenWidth: 4, seed: 1 })
    await assert.rejects(open({ graph: encoder }), { code: 'invalid_model', message: /no float32 output scores/ })
    const graph = new GraphBuilder('mixing')
    for (const name of ['input_ids', 'attention_mask']) graph.input(name, 'int64', ['batch', 'tokens'])
    const ids = graph.node('Cast', ['input_ids'], 'ids', { attributes: { to: 1 } })
    const tokens = graph.constant('tokens_axis', BigInt64Array.of(1n), [1])
    const own = graph.node('ReduceMax', [ids, tokens], 'own', { attributes: { keepdims: 0 } })
    const all = graph.node('ReduceMax', [ids], 'all')
    graph.output(graph.node('Sub', [own, all], 'scores'), 'float32', ['batch'])
    await assert.rejects(open({ name: 'mixing', graph: graph.build() }), {
      code: 'invalid_model',
      message: /model\.onnx is no cross-encoder for this model: a pair's score depends on the pairs beside it/,
    })
  })

  it('is refused with what is wrong in model.json', async () => {
    const { path } = await writeTinyCrossEncoder(parent, { maxTokens: 16, maxQueryTokens: 12 })
    await assert.rejects(loadCrossEncoderDirectory(path), {
      code: 'invalid_model',
      message: /cross-encoder\.md: tokenizer\.maxQueryTokens: leaves a text no room: it must be at most 11/,
    })
  })
})
