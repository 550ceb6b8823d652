import assert from 'node:assert/strict'
import { HypershardError, messageOf } from '@hypershard/common'
import { coreLayers, layerShapes, type QNetArchitecture } from '../architecture.ts'
import { compileHyperHead } from '../compile/compile-hyper-head.ts'
import { compilePooling } from '../compile/compile-pooling.ts'
import { createOnnxSession, floatOutput, type InferenceSession, Tensor } from '../onnx/session.ts'
import type { QNetWeights } from '../weights/weights.ts'
import { invalidModel, type ModelHead } from './load-model-directory.ts'
import { readSafetensors } from './safetensors.ts'

/**
 * Token states [tokens, hiddenWidth] of one query, without padding, to the weights of its q-net.
 * @param into tensors that are written into, and that the answer is then; shared memory will do
 */
export type QueryHead = (states: Float32Array, into?: QNetWeights) => Promise<QNetWeights>

/**
 * The same for queries that have one number of tokens: the weights of each, to the bit those that it has alone. With
 * padding they would not be, since onnxruntime adds a row's products in another order where the row is longer.
 * @param into of one query alone
 */
export type AlikeQueriesHead = (states: readonly Float32Array[], into?: QNetWeights) => Promise<QNetWeights[]>

/** Token states [tokens, hiddenWidth] of one text, without padding, to one vector [hiddenWidth]. */
export type VectorHead = (states: Float32Array) => Promise<Float32Array>

/** One text at a time, so that its vector cannot depend on the texts beside it; that costs a few microseconds more. */
export async function openVectorHead(
  pooling: { pooling: 'mean' | 'cls'; normalize: boolean },
  width: number,
): Promise<VectorHead> {
  // One thread: a few thousand additions are done before a second one has woken up.
  const session = await createOnnxSession(compilePooling({ ...pooling, width }), { threads: 1 })
  return async states => floatOutput(await session.run(oneText(states, width)), 'vectors')
}

/**
 * The head that makes q-nets, of either kind.
 * @throws HypershardError `invalid_model`, naming the hyper-head's file
 * @example
 * ```ts
 * const head = await openQueryHead(await loadModelDirectory('models/hypershard-mini'), 2)
 * const weights = await head(states)
 * ```
 */
export async function openQueryHead(directory: ModelHead, threads: number): Promise<QueryHead> {
  const head = await openAlikeQueriesHead(directory, threads)
  return async (states, into) => (await head([states], into))[0]!
}

/**
 * As `openQueryHead`. What runs together is held together: of width 768 and six core layers, 14 MB a query and a few
 * times that while it is made.
 */
export async function openAlikeQueriesHead(directory: ModelHead, threads: number): Promise<AlikeQueriesHead> {
  const { hyperHead, encoder } = directory.settings
  if (hyperHead.kind === 'attention') return openHyperHead(directory, hyperHead.file, threads)
  const vector = await openVectorHead(hyperHead, encoder.hiddenWidth)
  return async (states, into) => {
    const weights: QNetWeights[] = []
    for (const one of states) weights.push({ matrices: [await vector(one)], biases: [] })
    if (into === undefined) return weights
    into.matrices[0]!.set(weights[0]!.matrices[0]!)
    return [into]
  }
}

/**
 * A hyper-head of a smaller file runs on one thread. Two made a q-net of `hypershard-mini` (3 MB) in half of the time on
 * idle cores and took nearly twice the processor time for it, which on busy ones was twice the time as well.
 */
const bytesOfMoreThreads = 16 * 1024 * 1024

async function openHyperHead(directory: ModelHead, file: string, threads: number): Promise<AlikeQueriesHead> {
  const { qnet, encoder } = directory.settings
  const ownThreads = directory.files.get(file)!.byteLength < bytesOfMoreThreads ? 1 : threads
  const session = await createOnnxSession(compileFromFile(directory, file), { threads: ownThreads })
  const matrices = layerShapes(qnet).map((_, index) => `matrix_${index}`)
  const biases = coreLayers(qnet).map((_, index) => `bias_${index}`)
  return async (states, into) => {
    const inputs = alikeTexts(states, encoder.hiddenWidth)
    if (into !== undefined) {
      assert.equal(states.length, 1, 'memory is given for one query')
      await session.run(inputs, outputsIn(into, qnet))
      return [into]
    }
    const outputs = await session.run(inputs)
    const rowsOf = (name: string) => rows(floatOutput(outputs, name), states.length)
    const [matrixRows, biasRows] = [matrices.map(rowsOf), biases.map(rowsOf)]
    return states.map((_, row) => ({
      matrices: matrixRows.map(all => all[row]!),
      biases: biasRows.map(all => all[row]!),
    }))
  }
}

/** Has onnxruntime write the outputs of one query where its weights belong, rather than into memory of its own. */
function outputsIn({ matrices, biases }: QNetWeights, qnet: QNetArchitecture): InferenceSession.OnnxValueMapType {
  const shapes = layerShapes(qnet)
  const tensors = [
    ...matrices.map((data, at) => [`matrix_${at}`, data, [1, shapes[at]!.in, shapes[at]!.out]] as const),
    ...biases.map((data, at) => [`bias_${at}`, data, [1, shapes[at]!.out]] as const),
  ]
  return Object.fromEntries(tensors.map(([name, data, shape]) => [name, new Tensor('float32', data, shape)]))
}

/** Views of an output's rows. */
function rows(values: Float32Array, count: number): Float32Array[] {
  const width = values.length / count
  return Array.from({ length: count }, (_, row) => values.subarray(row * width, (row + 1) * width))
}

function compileFromFile(directory: ModelHead, file: string): Uint8Array {
  const { qnet, encoder } = directory.settings
  try {
    return compileHyperHead(qnet, encoder.hiddenWidth, readSafetensors(directory.files.get(file)!))
  } catch (error) {
    const code = error instanceof HypershardError ? error.code : 'invalid_model'
    if (code !== 'invalid_model') throw error
    throw invalidModel(
      directory.path,
      file,
      `does not fit the model: ${messageOf(error)}; export the model again`,
      error,
    )
  }
}

/** Inputs of a pooling or hyper-head graph for one text alone. */
export function oneText(states: Float32Array, width: number): InferenceSession.OnnxValueMapType {
  return alikeTexts([states], width)
}

function alikeTexts(states: readonly Float32Array[], width: number): InferenceSession.OnnxValueMapType {
  const [first] = states
  const values = first!.length
  const together = states.length === 1 ? first! : new Float32Array(values * states.length)
  if (states.length > 1) {
    for (const [row, own] of states.entries()) {
      assert.equal(own.length, values, 'texts that run together have one number of tokens')
      together.set(own, row * values)
    }
  }
  const shape = [states.length, values / width]
  return {
    token_states: new Tensor('float32', together, [...shape, width]),
    attention_mask: new Tensor('int64', new BigInt64Array((values / width) * states.length).fill(1n), shape),
  }
}
