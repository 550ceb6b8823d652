import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFailure } from '@hypershard/common'
import { tinyArchitecture, tinyEncoder, writeTinyModel } from '@hypershard/harness/qnets'
import {
  compileHyperHead,
  createOnnxSession,
  decodeTokenStates,
  decodeWeights,
  floatOutput,
  loadModelDirectory,
  type ModelDirectory,
  oneText,
  openQueryHead,
  type Precision,
  readSafetensors,
  writeSafetensors,
} from '@hypershard/qnet'
import { hypershardMiniPath, minilmPath, minilmReference } from '../testing/minilm-reference.ts'
import { EncodingModel } from './encoding-model.ts'
import type { EncodedQuery, QueryWork } from './worker-protocol.ts'

const threads = 1
const texts = ['why do stars twinkle', 'a', '', 'Rivers carry sand; glaciers carry boulders. '.repeat(9), '?!']

function statesOf({ bytes, tokens }: EncodedQuery): Float32Array {
  return decodeTokenStates(bytes, { tokens, width: 16 })
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

async function encode(model: EncodingModel, queries: readonly QueryWork[]): Promise<EncodedQuery[]> {
  const answers = await model.encodeQueries(queries)
  return answers.map(answer => {
    assert(!isFailure(answer))
    return answer
  })
}

async function documentVectors(model: EncodingModel, documents: readonly string[]): Promise<Float32Array> {
  return model.encodeDocuments(model.tokenizeDocuments(documents).map(({ ids }) => ids))
}

function largestDifference(left: Float32Array, right: ArrayLike<number>): number {
  return Math.max(...Array.from(right, (value, index) => Math.abs(value - left[index]!)))
}

describe('an encoding model', () => {
  let parent: string
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-encoding-'))
  })
  afterEach(() => rm(parent, { recursive: true }))

  it('gives a text the same bits alone and in any batch, as a document and in each form of a query', async () => {
    const model = await EncodingModel.open((await writeTinyModel(parent, { qnet: tinyArchitecture })).path, threads)
    const together = await documentVectors(model, texts)
    const alone = await Promise.all(texts.map(text => documentVectors(model, [text])))
    assert.deepEqual(together, Float32Array.from(alone.flatMap(vector => [...vector])))

    const wishes = [
      { form: 'tokenStates' },
      ...(['f32', 'f16', 'int8'] as const).map(precision => ({ form: 'weights' as const, precision })),
    ] as const
    const queries = wishes.flatMap(wish => texts.map(text => ({ text, wish })))
    const inOneBatch = await encode(model, queries)
    for (const [index, query] of queries.entries()) {
      assert.deepEqual(inOneBatch[index], (await encode(model, [query]))[0])
    }
  })

  it('gives queries the same bits alone and beside others of their length, whatever each wants', async () => {
    const model = await EncodingModel.open((await writeTinyModel(parent, { qnet: tinyArchitecture })).path, threads)
    const queries = ['ab', 'cd', 'ab cd', 'ef', 'gh ij', 'kl', 'ab'].map((text, at) => ({
      text,
      wish: at === 1 ? { form: 'tokenStates' as const } : { form: 'weights' as const, precision: 'f32' as const },
    }))
    const together = await encode(model, queries)
    for (const [at, query] of queries.entries()) assert.deepEqual(together[at], (await encode(model, [query]))[0])
  })

  it('makes the weights that the hyper-head makes of the token states', async () => {
    const written = await writeTinyModel(parent, { qnet: tinyArchitecture })
    const model = await EncodingModel.open(written.path, threads)
    const text = 'why do stars twinkle'
    const [states] = await encode(model, [{ text, wish: { form: 'tokenStates' } }])
    const directory = await loadModelDirectory(written.path)
    const parameters = readSafetensors(directory.files.get('hyper-head.safetensors')!)
    const session = await createOnnxSession(compileHyperHead(tinyArchitecture, 16, parameters), { threads })
    const outputs = await session.run(oneText(statesOf(states!), 16))

    const tolerances = { f32: 0, f16: 2e-3, int8: 2e-2 }
    for (const precision of Object.keys(tolerances) as Precision[]) {
      const [encoded] = await encode(model, [{ text, wish: { form: 'weights', precision } }])
      const weights = decodeWeights(tinyArchitecture, encoded!.bytes, precision)
      for (const [index, matrix] of weights.matrices.entries()) {
        const expected = floatOutput(outputs, `matrix_${index}`)
        assert(largestDifference(matrix, expected) <= tolerances[precision] * Math.max(...expected.map(Math.abs)))
      }
      for (const [index, bias] of weights.biases.entries()) {
        assert(largestDifference(bias, floatOutput(outputs, `bias_${index}`)) <= tolerances[precision] * 4)
      }
    }
  })

  it('makes, to the bit, the weights that whoever is given many token states makes of them', async () => {
    const width = 512
    const { path } = await writeTinyModel(parent, { hiddenWidth: width, maxQueryTokens: 64 })
    const model = await EncodingModel.open(path, threads)
    const text = 'why do stars twinkle and planets do not '.repeat(4)
    const [states, qnet] = await encode(model, [
      { text, wish: { form: 'tokenStates' } },
      { text, wish: { form: 'weights', precision: 'f32' } },
    ])
    const { bytes, tokens } = states!
    assert.ok(bytes.byteLength < 4 * tokens * width, 'so many are rounded on their way')
    const head = await openQueryHead(await loadModelDirectory(path), threads)
    const { matrices } = await head(decodeTokenStates(bytes, { tokens, width }))
    assert.deepEqual(floats(qnet!.bytes), Float32Array.from(matrices[0]!))
  })

  it('makes of a pooled model a q-net that is the mean of the token states, at length 1', async () => {
    const model = await EncodingModel.open((await writeTinyModel(parent)).path, threads)
    const text = 'why do stars twinkle'
    const [states] = await encode(model, [{ text, wish: { form: 'tokenStates' } }])
    const [qnet] = await encode(model, [{ text, wish: { form: 'weights', precision: 'f32' } }])
    const sum = new Float64Array(16)
    for (const [index, value] of statesOf(states!).entries()) sum[index % 16]! += value
    const length = Math.hypot(...sum)
    const expected = [...sum].map(value => value / length)
    assert(largestDifference(floats(qnet!.bytes), expected) < 1e-6)
    assert(largestDifference(await documentVectors(model, [text]), expected) < 1e-6)
  })

  it('reads a query and a document after the prefix that the model has for each', async () => {
    const prefixes = { queryPrefix: 'query: ', documentPrefix: 'passage: ' }
    const plain = await EncodingModel.open((await writeTinyModel(parent)).path, threads)
    const model = await EncodingModel.open(
      (await writeTinyModel(parent, { name: 'prefixed', ...prefixes })).path,
      threads,
    )
    const wish = { form: 'weights', precision: 'f32' } as const
    const [found] = await encode(model, [{ text: 'why do stars twinkle', wish }])
    const [expected] = await encode(plain, [{ text: 'query: why do stars twinkle', wish }])
    assert.deepEqual(found!.bytes, expected!.bytes)
    assert.equal(found!.tokens - found!.textTokens, expected!.tokens - expected!.textTokens + 4)
    assert.deepEqual(
      await documentVectors(model, ['Rivers carry sand']),
      await documentVectors(plain, ['passage: Rivers carry sand']),
    )
  })

  it("keeps one query's failure from the others of its batch", async () => {
    const directory = await loadModelDirectory((await writeTinyModel(parent, { qnet: tinyArchitecture })).path)
    const head = readSafetensors(directory.files.get('hyper-head.safetensors')!)
    head.get('matrices.0.base')!.data.fill(70_000)
    const model = await EncodingModel.fromDirectory(withFile(directory, 'hyper-head.safetensors', head), threads)
    const wishes = (['f32', 'f16'] as const).map(precision => ({ form: 'weights' as const, precision }))
    const answers = await model.encodeQueries(wishes.map(wish => ({ text: 'a', wish })))
    assert.deepEqual(
      answers.map(answer => (isFailure(answer) ? answer.failure.code : 'encoded')),
      ['encoded', 'invalid_request'],
    )
  })

  const broken: { title: string; harm: (directory: ModelDirectory) => ModelDirectory; problem: RegExp }[] = [
    {
      title: 'an encoder that is not ONNX',
      harm: directory => ({ ...directory, files: new Map([...directory.files, ['encoder.onnx', Buffer.from('no')]]) }),
      problem: /encoder\.onnx is no encoder for this model: onnxruntime refuses/,
    },
    {
      title: 'an encoder of another width',
      harm: directory => withEncoder(directory, { vocabularySize: 2800, hiddenWidth: 8 }),
      problem: /encoder\.onnx .* token states are 8 wide, hiddenWidth is 16/,
    },
    {
      title: 'an encoder without states for every token',
      harm: directory => withEncoder(directory, { vocabularySize: 100, hiddenWidth: 16 }),
      problem: /encoder\.onnx is no encoder/,
    },
    {
      title: 'a hyper-head without a parameter',
      harm: directory => withHead(directory, head => head.delete('biases.1.base')),
      problem: /hyper-head\.safetensors does not fit the model: hyper-head: biases\.1\.base is missing/,
    },
    {
      title: 'a hyper-head with a parameter of another shape',
      harm: directory =>
        withHead(directory, head => head.set('matrices.0.base', { shape: [1], data: Float32Array.of(0) })),
      problem: /matrices\.0\.base has shape \[1\]/,
    },
    {
      title: 'a hyper-head with a NaN',
      harm: directory => withHead(directory, head => head.get('matrices.0.base')!.data.fill(Number.NaN)),
      problem: /matrices\.0\.base has a NaN/,
    },
  ]
  for (const { title, harm, problem } of broken) {
    it(`refuses ${title}`, async () => {
      const directory = await loadModelDirectory((await writeTinyModel(parent, { qnet: tinyArchitecture })).path)
      const opening = EncodingModel.fromDirectory(harm(directory), threads)
      await assert.rejects(opening, { code: 'invalid_model', message: problem })
    })
  }
})

function withEncoder(
  directory: ModelDirectory,
  options: { vocabularySize: number; hiddenWidth: number },
): ModelDirectory {
  return { ...directory, files: new Map([...directory.files, ['encoder.onnx', tinyEncoder({ ...options, seed: 1 })]]) }
}

function withHead(
  directory: ModelDirectory,
  harm: (head: ReturnType<typeof readSafetensors>) => unknown,
): ModelDirectory {
  const head = readSafetensors(directory.files.get('hyper-head.safetensors')!)
  harm(head)
  return withFile(directory, 'hyper-head.safetensors', head)
}

function withFile(
  directory: ModelDirectory,
  file: string,
  tensors: ReturnType<typeof readSafetensors>,
): ModelDirectory {
  return { ...directory, files: new Map([...directory.files, [file, writeSafetensors(tensors)]]) }
}

describe('the shipped model', () => {
  let model: EncodingModel
  before(async () => {
    model = await EncodingModel.open(minilmPath, 2)
  })

  for (const { name, text, query, document } of minilmReference.texts) {
    it(`gives the reference vectors for "${name}" within 1e-4`, async () => {
      const [qnet] = await encode(model, [{ text, wish: { form: 'weights', precision: 'f32' } }])
      assert(largestDifference(floats(qnet!.bytes), query.values) < 1e-4)
      assert(largestDifference(await documentVectors(model, [text]), document.values) < 1e-4)
    })
  }

  it('gives a text the same vector alone and in a batch, within 1e-5', async () => {
    const all = minilmReference.texts.map(entry => entry.text)
    const together = await documentVectors(model, all)
    for (const [row, text] of all.entries()) {
      assert(largestDifference(together.subarray(row * 384), await documentVectors(model, [text])) < 1e-5)
    }
  })
})

describe('the shipped Hypencoder', () => {
  it('makes q-nets together, to the bit those that it makes alone', async () => {
    const model = await EncodingModel.open(hypershardMiniPath, 2)
    const words = ['why', 'do', 'stars', 'twinkle', 'and', 'planets', 'not']
    const queries = [3, 7, 3, 1, 7, 3, 7, 3].map((length, at) => ({
      text: Array.from({ length }, (_, word) => words[(word + at) % words.length]).join(' '),
      wish: { form: 'weights' as const, precision: 'f32' as const },
    }))
    const together = await encode(model, queries)
    for (const [at, query] of queries.entries()) {
      const [alone] = await encode(model, [query])
      assert.equal(together[at]!.digest, alone!.digest, query.text)
      assert.deepEqual(together[at], alone)
    }
  })
})
