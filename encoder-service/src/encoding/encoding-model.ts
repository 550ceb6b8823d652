import { type Failure, HypershardError, toFailure } from '@hypershard/common'
import {
  allFinite,
  encodeTokenStates,
  encodeWeights,
  loadModelDirectory,
  type ModelDirectory,
  openQueryHead,
  openVectorHead,
  type QueryHead,
  qnetDigest,
  roundTokenStates,
  tokenStatesDigest,
  type VectorHead,
} from '@hypershard/qnet'
import { type EncoderSession, openEncoder } from './encoder-session.ts'
import { statesOf } from './text-batch.ts'
import { openTokenizer, type TextTokenizer, type TokenizedText } from './tokenizer.ts'
import type { EncodedQuery, LoadedModel, QueryWork } from './worker-protocol.ts'

interface Parts {
  readonly tokenizer: TextTokenizer
  readonly queryEncoder: EncoderSession
  readonly documentEncoder: EncoderSession
  readonly queryHead: QueryHead
  readonly documentHead: VectorHead
}

/** A model ready to encode. Its calls block their thread while onnxruntime runs. */
export class EncodingModel {
  readonly loaded: LoadedModel
  readonly #parts: Parts

  private constructor(loaded: LoadedModel, parts: Parts) {
    this.loaded = loaded
    this.#parts = parts
  }

  /**
   * Reads, verifies and opens a model directory.
   * @param threads inside one operator
   * @throws HypershardError `invalid_model`
   */
  static async open(path: string, threads: number): Promise<EncodingModel> {
    return EncodingModel.fromDirectory(await loadModelDirectory(path), threads)
  }

  /** The same for a directory that was read before. Its files are not held on to. */
  static async fromDirectory(directory: ModelDirectory, threads: number): Promise<EncodingModel> {
    const { path, digest, settings, languages, bytes } = directory
    return new EncodingModel({ path, digest, settings, languages, bytes }, await openParts(directory, threads))
  }

  tokenizeDocuments(texts: readonly string[]): TokenizedText[] {
    const tokensMax = this.loaded.settings.tokenizer.maxDocumentTokens
    return texts.map(text => this.#parts.tokenizer.tokenize(text, tokensMax))
  }

  /**
   * @returns row-major [ids.length, hiddenWidth]
   * @throws HypershardError `invalid_model` when the encoder gives a NaN or an infinity
   */
  async encodeDocuments(ids: readonly Int32Array[]): Promise<Float32Array<ArrayBuffer>> {
    const batch = await this.#parts.documentEncoder.run(ids)
    const vectors = new Float32Array(ids.length * batch.width)
    for (const row of ids.keys()) {
      vectors.set(await this.#parts.documentHead(statesOf(batch, row)), row * batch.width)
    }
    if (!allFinite(vectors)) {
      throw new HypershardError('invalid_model', `model ${this.loaded.settings.name}: a document vector is not finite`)
    }
    return vectors
  }

  /** A query that fails alone, as one whose weights overflow f16, has its failure in its place. */
  async encodeQueries(queries: readonly QueryWork[]): Promise<(EncodedQuery | Failure)[]> {
    const { tokenizer, queryEncoder } = this.#parts
    const tokensMax = this.loaded.settings.tokenizer.maxQueryTokens
    const texts = queries.map(query => tokenizer.tokenize(query.text, tokensMax))
    const batch = await queryEncoder.run(texts.map(text => text.ids))
    const answers: (EncodedQuery | Failure)[] = []
    for (const [row, query] of queries.entries()) {
      answers.push(await this.#answer(query, statesOf(batch, row), texts[row]!).catch(ownFailure))
    }
    return answers
  }

  async #answer(query: QueryWork, states: Float32Array, text: TokenizedText): Promise<EncodedQuery> {
    const { truncated, textTokens, unknownTokens } = text
    const read = { tokens: text.ids.length, truncated, textTokens, unknownTokens }
    const { digest: modelDigest } = this.loaded
    const { qnet, encoder } = this.loaded.settings
    const width = encoder.hiddenWidth
    if (query.wish.form === 'tokenStates') {
      const bytes = encodeTokenStates(states, width)
      return { ...read, bytes, digest: tokenStatesDigest(modelDigest, { tokens: read.tokens, width }, bytes) }
    }
    // Whoever is given the token states makes the same weights of them.
    const weights = await this.#parts.queryHead(roundTokenStates(states, width))
    const bytes = encodeWeights(qnet, weights, query.wish.precision)
    return { ...read, bytes, digest: qnetDigest(qnet, query.wish.precision, bytes) }
  }
}

/** A failure of one query stays its own; a defect fails the batch. */
function ownFailure(error: unknown): Failure {
  if (error instanceof HypershardError) return toFailure(error)
  throw error
}

async function openParts(directory: ModelDirectory, threads: number): Promise<Parts> {
  const { encoder, tokenizer: lengths, documentHead } = directory.settings
  const { maxQueryTokens, maxDocumentTokens } = lengths
  const tokenizer = openTokenizer(directory)
  const open = (file: string, tokensMax: number) =>
    openEncoder(directory, file, { tokensMax, idMax: tokenizer.idMax, threads })
  const shared = encoder.query === encoder.document
  const queryEncoder = await open(encoder.query, shared ? Math.max(maxQueryTokens, maxDocumentTokens) : maxQueryTokens)
  return {
    tokenizer,
    queryEncoder,
    documentEncoder: shared ? queryEncoder : await open(encoder.document, maxDocumentTokens),
    queryHead: await openQueryHead(directory, threads),
    documentHead: await openVectorHead(documentHead, encoder.hiddenWidth),
  }
}
