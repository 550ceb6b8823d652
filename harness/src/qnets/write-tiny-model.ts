import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { QNetArchitecture } from '@hypershard/qnet'
import {
  type CrossEncoderSettings,
  crossEncoderFormat,
  type InterpreterSettings,
  interpreterFormat,
  type ModelSettings,
  modelFormat,
  writeSafetensors,
} from '@hypershard/qnet'
import { tinyBert } from './tiny-bert.ts'
import { tinyCrossEncoder, tinyEncoder, tinyHyperHead, tinyInterpreter } from './tiny-graphs.ts'
import { tinyTokenizer } from './tiny-tokenizer.ts'

export interface TinyModelOptions {
  /** Of the directory, and the model's name: lowercase letters, digits and dashes. */
  readonly name?: string
  /** Other seeds give other models of the same shape. */
  readonly seed?: number
  readonly hiddenWidth?: number
  /**
   * `'pooled'` for a dense model with the q-net [hiddenWidth, 1], or the architecture of a model whose hyper-head has
   * random parameters; its first width is the hiddenWidth.
   */
  readonly qnet?: 'pooled' | QNetArchitecture
  readonly maxQueryTokens?: number
  readonly maxDocumentTokens?: number
  /** Put before each query, or document; none by default. */
  readonly queryPrefix?: string
  readonly documentPrefix?: string
  /** A transformer of so many layers in place of a table of states; costs more to run. */
  readonly bertLayers?: number
  /** With an interpreter, which splits queries at each "or"; the model is the same one with and without. */
  readonly interprets?: boolean
}

export interface TinyModel {
  /** The model directory. */
  readonly path: string
  /** The model's digest. */
  readonly digest: string
  readonly settings: ModelSettings
}

/** A q-net with two core layers and everything that an architecture can have. */
export const tinyArchitecture: QNetArchitecture = Object.freeze({
  vectorDimensions: [16, 16, 16, 1],
  activation: 'relu',
  layerNorm: true,
  layerNormBeforeResidual: true,
  residual: true,
  residualOnLast: false,
})

/**
 * Writes a small model with random parameters into a new directory inside `parent`: a whole model for tests of anything
 * that needs an encoder service, a few hundred kilobytes, ready in milliseconds. The same options give the same bytes.
 */
export async function writeTinyModel(parent: string, options: TinyModelOptions = {}): Promise<TinyModel> {
  const { name = 'tiny', seed = 1, hiddenWidth = 16, qnet = 'pooled' } = options
  const path = join(parent, name)
  await mkdir(path)
  const tokenizer = tinyTokenizer()
  const contents = new Map<string, string | Uint8Array>([
    ['encoder.onnx', encoderGraph(options, { vocabularySize: tokenizer.vocabularySize, hiddenWidth, seed })],
    ['tokenizer.json', tokenizer.json],
  ])
  if (qnet !== 'pooled') {
    contents.set('hyper-head.safetensors', writeSafetensors(tinyHyperHead(qnet, hiddenWidth, seed + 1)))
  }
  const files = Object.fromEntries([...contents].map(([file, content]) => [file, factsOf(content)]))
  const settings: ModelSettings = { ...describe(options, { name, hiddenWidth, qnet }), files }
  const modelJson = `${JSON.stringify(settings, null, 2)}\n`
  for (const [file, content] of contents) await writeFile(join(path, file), content)
  await writeFile(join(path, 'model.json'), modelJson)
  if (options.interprets) await writeTinyInterpreter(path, settings, { hiddenWidth, seed })
  return { path, digest: factsOf(modelJson).sha256, settings }
}

function encoderGraph(
  { bertLayers }: TinyModelOptions,
  size: { readonly vocabularySize: number; readonly hiddenWidth: number; readonly seed: number },
): Uint8Array {
  return bertLayers === undefined ? tinyEncoder(size) : tinyBert({ ...size, layers: bertLayers, tokensMax: 64 })
}

async function writeTinyInterpreter(
  path: string,
  { files }: Pick<ModelSettings, 'files'>,
  options: { readonly hiddenWidth: number; readonly seed: number },
): Promise<void> {
  const { vocabularySize, idOf } = tinyTokenizer()
  const graph = tinyInterpreter({ ...options, vocabularySize }, { join: idOf('or'), start: idOf('[CLS]') })
  const settings = {
    format: interpreterFormat,
    source: 'for tests',
    encoder: files['encoder.onnx']!.sha256,
    threshold: 0.9,
    file: { name: 'interpreter.onnx', ...factsOf(graph) },
  } satisfies InterpreterSettings
  await writeFile(join(path, 'interpreter.onnx'), graph)
  await writeFile(join(path, 'interpreter.json'), JSON.stringify(settings))
}

export interface TinyCrossEncoderOptions {
  readonly name?: string
  readonly seed?: number
  readonly maxTokens?: number
  readonly maxQueryTokens?: number
  /** What `model.onnx` holds instead. */
  readonly graph?: Uint8Array
}

/** A cross-encoder with random parameters in a new directory inside `parent`, as `writeTinyModel`. */
export async function writeTinyCrossEncoder(
  parent: string,
  options: TinyCrossEncoderOptions = {},
): Promise<{ readonly path: string; readonly digest: string; readonly settings: CrossEncoderSettings }> {
  const { name = 'tiny-cross', seed = 1, maxTokens = 64, maxQueryTokens = 24 } = options
  const path = join(parent, name)
  await mkdir(path)
  const { json, vocabularySize } = tinyTokenizer()
  const graph = options.graph ?? tinyCrossEncoder({ vocabularySize, seed })
  const settings: CrossEncoderSettings = {
    format: crossEncoderFormat,
    name,
    description: 'a cross-encoder with random parameters, for tests',
    license: 'Apache-2.0',
    source: '',
    tokenizer: { file: 'tokenizer.json', maxTokens, maxQueryTokens },
    scorer: { file: 'model.onnx' },
    files: { 'tokenizer.json': factsOf(json), 'model.onnx': factsOf(graph) },
  }
  const modelJson = `${JSON.stringify(settings, null, 2)}\n`
  for (const [file, content] of [['tokenizer.json', json] as const, ['model.onnx', graph] as const]) {
    await writeFile(join(path, file), content)
  }
  await writeFile(join(path, 'model.json'), modelJson)
  return { path, digest: factsOf(modelJson).sha256, settings }
}

function describe(
  options: TinyModelOptions,
  { name, hiddenWidth, qnet }: { name: string; hiddenWidth: number; qnet: 'pooled' | QNetArchitecture },
): Omit<ModelSettings, 'files'> {
  const pooled = { pooling: 'mean', normalize: true } as const
  const { queryPrefix, documentPrefix } = options
  return {
    format: modelFormat,
    name,
    description: 'a model with random parameters, for tests',
    license: 'Apache-2.0',
    source: '',
    tokenizer: {
      file: 'tokenizer.json',
      maxQueryTokens: options.maxQueryTokens ?? 32,
      maxDocumentTokens: options.maxDocumentTokens ?? 64,
      ...(queryPrefix === undefined ? {} : { queryPrefix }),
      ...(documentPrefix === undefined ? {} : { documentPrefix }),
    },
    encoder: { query: 'encoder.onnx', document: 'encoder.onnx', hiddenWidth },
    documentHead: pooled,
    hyperHead:
      qnet === 'pooled' ? { kind: 'pooled', ...pooled } : { kind: 'attention', file: 'hyper-head.safetensors' },
    qnet: qnet === 'pooled' ? denseArchitecture(hiddenWidth) : qnet,
  }
}

/** An inner product: the q-net of depth 0. */
function denseArchitecture(width: number): QNetArchitecture {
  return {
    vectorDimensions: [width, 1],
    activation: 'relu',
    layerNorm: false,
    layerNormBeforeResidual: true,
    residual: false,
    residualOnLast: false,
  }
}

function factsOf(content: string | Uint8Array): { sha256: string; bytes: number } {
  const bytes = Buffer.from(content)
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.byteLength }
}
