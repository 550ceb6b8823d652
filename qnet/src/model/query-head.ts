import { HypershardError, messageOf } from '@hypershard/common'
import { coreLayers, layerShapes } from '../architecture.ts'
import { compileHyperHead } from '../compile/compile-hyper-head.ts'
import { compilePooling } from '../compile/compile-pooling.ts'
import { createOnnxSession, floatOutput, type InferenceSession, Tensor } from '../onnx/session.ts'
import type { QNetWeights } from '../weights/weights.ts'
import { invalidModel, type ModelHead } from './load-model-directory.ts'
import { readSafetensors } from './safetensors.ts'

/** Token states [tokens, hiddenWidth] of one query, without padding, to the weights of its q-net. */
export type QueryHead = (states: Float32Array) => Promise<QNetWeights>

/** Token states [tokens, hiddenWidth] of one text, without padding, to one vector [hiddenWidth]. */
export type VectorHead = (states: Float32Array) => Promise<Float32Array>

/**
 * Heads take one text at a time. For a pooled vector that costs a few microseconds more than a batch; a hyper-head of
 * width 768 is billions of operations and 14 MB a query, where a batch would gain nothing and hold gigabytes. And so a
 * text's result cannot depend on the texts beside it.
 */
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
  const { hyperHead, encoder } = directory.settings
  if (hyperHead.kind === 'attention') return openHyperHead(directory, hyperHead.file, threads)
  const vector = await openVectorHead(hyperHead, encoder.hiddenWidth)
  return async states => ({ matrices: [await vector(states)], biases: [] })
}

async function openHyperHead(directory: ModelHead, file: string, threads: number): Promise<QueryHead> {
  const { qnet, encoder } = directory.settings
  const width = encoder.hiddenWidth
  const session = await createOnnxSession(compileFromFile(directory, file), { threads })
  return async states => {
    const outputs = await session.run(oneText(states, width))
    return {
      matrices: layerShapes(qnet).map((_, index) => floatOutput(outputs, `matrix_${index}`)),
      biases: coreLayers(qnet).map((_, index) => floatOutput(outputs, `bias_${index}`)),
    }
  }
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
  const tokens = states.length / width
  return {
    token_states: new Tensor('float32', states, [1, tokens, width]),
    attention_mask: new Tensor('int64', new BigInt64Array(tokens).fill(1n), [1, tokens]),
  }
}
