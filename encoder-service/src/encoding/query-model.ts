import { type Failure, HypershardError, toFailure } from '@hypershard/common'
import {
  encodeTokenStates,
  encodeWeights,
  type ModelDirectory,
  openQueryHead,
  type QueryHead,
  qnetDigest,
  roundTokenStates,
  tokenStatesDigest,
} from '@hypershard/qnet'
import { type EncoderSession, openEncoder } from './encoder-session.ts'
import { statesOf } from './text-batch.ts'
import { openTokenizer, type TextTokenizer, type TokenizedText } from './tokenizer.ts'
import { type EncodedQuery, type LoadedModel, loadedModel, type QueryWork } from './worker-protocol.ts'

interface Parts {
  readonly tokenizer: TextTokenizer
  readonly encoder: EncoderSession
  readonly head: QueryHead
}

/** A model's half that makes q-nets of queries. Its calls block their thread while onnxruntime runs. */
export class QueryModel {
  readonly loaded: LoadedModel
  readonly #parts: Parts

  private constructor(loaded: LoadedModel, parts: Parts) {
    this.loaded = loaded
    this.#parts = parts
  }

  /**
   * @param directory its files are not held on to
   * @param threads inside one operator
   * @throws HypershardError `invalid_model`
   */
  static async open(directory: ModelDirectory, threads: number): Promise<QueryModel> {
    const tokenizer = openTokenizer(directory)
    const tokensMax = directory.settings.tokenizer.maxQueryTokens
    const reach = { tokensMax, idMax: tokenizer.idMax }
    const encoder = await openEncoder(directory, directory.settings.encoder.query, { ...reach, threads })
    const head = await openQueryHead(directory, threads)
    return new QueryModel(loadedModel(directory), { tokenizer, encoder, head })
  }

  /** A query that fails alone, as one whose weights overflow f16, has its failure in its place. */
  async encodeQueries(queries: readonly QueryWork[]): Promise<(EncodedQuery | Failure)[]> {
    const { tokenizer, encoder } = this.#parts
    const tokensMax = this.loaded.settings.tokenizer.maxQueryTokens
    const texts = queries.map(query => tokenizer.tokenize(query.text, tokensMax))
    const batch = await encoder.run(texts.map(text => text.ids))
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
    const weights = await this.#parts.head(roundTokenStates(states, width))
    const bytes = encodeWeights(qnet, weights, query.wish.precision)
    return { ...read, bytes, digest: qnetDigest(qnet, query.wish.precision, bytes) }
  }
}

/** A failure of one query stays its own; a defect fails the batch. */
function ownFailure(error: unknown): Failure {
  if (error instanceof HypershardError) return toFailure(error)
  throw error
}
