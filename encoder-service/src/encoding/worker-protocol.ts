/**
 * What the service's main thread and its encoding workers say to each other. Everything heavy is on the workers' side:
 * reading and verifying models, tokenising, onnxruntime.
 */
import type { Failure } from '@hypershard/common'
import {
  type CrossEncoderSettings,
  crossEncoderFormat,
  type ModelDirectory,
  type ModelSettings,
  type Precision,
} from '@hypershard/qnet'
import type { EncodingDeviceSettings } from '../device/encoding-device.ts'
import type { Interpretation } from '../interpretation/interpreter.ts'
import type { PairIds } from '../pairs/pair-session.ts'
import type { TokenizedPairs } from '../pairs/pair-tokenizer.ts'
import type { CutDocument, DocumentToCut } from '../passages/cut-document.ts'
import type { CpuKernel, Kernel } from './kernel.ts'
import type { Lane } from './lane.ts'
import type { TokenizedText } from './tokenizer.ts'

export type { Lane } from './lane.ts'

export interface WorkerSettings {
  /** What it does; it opens the graphs of that alone. */
  readonly lane: Lane
  /** Of the models that the lane works with: those of pairs are cross-encoders. */
  readonly modelDirectories: readonly string[]
  /** Threads inside one operator of onnxruntime. */
  readonly threads: number
  /** For documents; `auto` has each model measured. Queries are always fp32. */
  readonly kernel: CpuKernel | 'auto'
  /** That runs the graphs; the CPU where there is none. */
  readonly device?: EncodingDeviceSettings | undefined
}

/** A model that the worker holds; its number in later requests is its place in the settings' list. */
export interface LoadedModel {
  /** SHA-256 (hex) of `model.json`. */
  readonly digest: string
  readonly settings: ModelSettings
  /** That it was made for; empty where its directory does not say. */
  readonly languages: readonly string[]
  /** All files of the directory together. */
  readonly bytes: number
  /** The directory. */
  readonly path: string
  /** Whether it finds pieces in queries. */
  readonly interprets: boolean
  /** That its worker computes with. */
  readonly kernel: Kernel
  /** Why this one: what was measured, for the log. */
  readonly choice: string
}

/** A cross-encoder that the worker of pairs holds. */
export interface LoadedCrossEncoder extends Pick<LoadedModel, 'digest' | 'languages' | 'bytes' | 'path'> {
  readonly settings: CrossEncoderSettings
  /** Weights that each token is multiplied with. */
  readonly tokenParameters: number
  /** That its worker computes with. */
  readonly kernel: Kernel
}

export function isCrossEncoder(model: LoadedModel | LoadedCrossEncoder): model is LoadedCrossEncoder {
  return model.settings.format === crossEncoderFormat
}

export function isRetriever(model: LoadedModel | LoadedCrossEncoder): model is LoadedModel {
  return !isCrossEncoder(model)
}

/** What is known of a model beyond its files. */
export function loadedModel(
  { path, digest, settings, languages, bytes, interpreter }: ModelDirectory,
  kernel: Pick<LoadedModel, 'kernel' | 'choice'> = { kernel: 'fp32', choice: 'queries are' },
): LoadedModel {
  return { path, digest, settings, languages, bytes, interprets: interpreter !== undefined, ...kernel }
}

/** How a query's answer is wanted. */
export type QueryWish = { readonly form: 'weights'; readonly precision: Precision } | { readonly form: 'tokenStates' }

export interface QueryWork {
  readonly text: string
  readonly wish: QueryWish
  /** Whether its pieces are wanted too; only of a model that interprets. */
  readonly interpret?: boolean
}

export interface EncodedQuery {
  /** The bytes of the weights form, or the token states, padding left out (`encodeTokenStates`). */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Content address of the bytes. */
  readonly digest: string
  /** Read by the encoder, after truncation. */
  readonly tokens: number
  readonly truncated: boolean
  /** Of the tokens, those of the text itself. */
  readonly textTokens: number
  /** Of the text's own, those that stand for what the vocabulary does not have. */
  readonly unknownTokens: number
  /** Of a query whose pieces are wanted. */
  readonly interpretation?: Interpretation
}

/** Who does what. */
export const laneOf: Readonly<Record<Operation, Lane>> = {
  tokenizeDocuments: 'document',
  cutDocuments: 'document',
  encodeDocuments: 'document',
  encodeQueries: 'query',
  tokenizePairs: 'pair',
  scorePairs: 'pair',
}

/** Each operation's input and output. */
export interface WorkerOperations {
  tokenizeDocuments: { input: { model: number; texts: readonly string[] }; output: TokenizedText[] }
  cutDocuments: {
    input: { model: number; documents: readonly DocumentToCut[]; overlap: number }
    output: CutDocument[]
  }
  /** Row-major [ids.length, hiddenWidth]. */
  encodeDocuments: { input: { model: number; ids: readonly Int32Array[] }; output: Float32Array<ArrayBuffer> }
  /** A query that fails alone has its failure in its place. */
  encodeQueries: { input: { model: number; queries: readonly QueryWork[] }; output: (EncodedQuery | Failure)[] }
  tokenizePairs: { input: { model: number; query: string; texts: readonly string[] }; output: TokenizedPairs }
  /** One score a pair. */
  scorePairs: { input: { model: number; pairs: readonly PairIds[] }; output: Float32Array<ArrayBuffer> }
}

export type Operation = keyof WorkerOperations
export type Input<Name extends Operation> = WorkerOperations[Name]['input']
export type Output<Name extends Operation> = WorkerOperations[Name]['output']

export interface WorkerRequest<Name extends Operation = Operation> {
  readonly call: number
  readonly operation: Name
  readonly input: Input<Name>
}

export type WorkerMessage =
  | { readonly type: 'ready'; readonly models: readonly (LoadedModel | LoadedCrossEncoder)[] }
  | ({ readonly type: 'notReady' } & Failure)
  | { readonly type: 'answer'; readonly call: number; readonly output: Output<Operation> }
  | ({ readonly type: 'failed'; readonly call: number } & Failure)
