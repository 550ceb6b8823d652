import assert from 'node:assert/strict'
import { type Failure, HypershardError, toFailure } from '@hypershard/common'
import {
  type AlikeQueriesHead,
  encodeTokenStates,
  encodeWeights,
  type ModelDirectory,
  openAlikeQueriesHead,
  type QNetWeights,
  qnetDigest,
  roundTokenStates,
  tokenStatesDigest,
} from '@hypershard/qnet'
import { openEncoderOnDevice } from '../device/open-on-device.ts'
import { type Interpretation, type Interpreter, nothingFound, openInterpreter } from '../interpretation/interpreter.ts'
import type { KernelOptions } from './choose-kernel.ts'
import { type EncoderSession, openEncoder } from './encoder-session.ts'
import { placesOfAlike, statesOf } from './text-batch.ts'
import { openTokenizer, type TextTokenizer, type TokenizedText } from './tokenizer.ts'
import { type EncodedQuery, type LoadedModel, loadedModel, type QueryWork } from './worker-protocol.ts'

interface Parts {
  readonly tokenizer: TextTokenizer
  readonly encoder: EncoderSession
  readonly head: AlikeQueriesHead
  readonly interpreter: Interpreter | undefined
}

interface ReadQuery {
  readonly work: QueryWork
  readonly text: TokenizedText
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
   * @throws HypershardError `invalid_model`
   */
  static async open(
    directory: ModelDirectory,
    { threads, device }: Pick<KernelOptions, 'threads' | 'device'>,
  ): Promise<QueryModel> {
    const tokenizer = openTokenizer(directory, 'query')
    const tokensMax = directory.settings.tokenizer.maxQueryTokens
    const reach = { tokensMax, idMax: tokenizer.idMax }
    const file = directory.settings.encoder.query
    const encoder =
      device === undefined
        ? await openEncoder(directory, file, { ...reach, threads })
        : (await openEncoderOnDevice(directory, file, { ...reach, threads, device })).encoder
    // The CPU's in any case: shard servers make the same weights of the token states there.
    const head = await openAlikeQueriesHead(directory, threads)
    const interpreter = await openInterpreter(directory)
    return new QueryModel(loadedModel(directory), { tokenizer, encoder, head, interpreter })
  }

  /**
   * Queries with one number of tokens run together, encoder and head, so that nothing is padded and every answer has the
   * bits that it has alone. A query that fails alone, as one whose weights overflow f16, has its failure in its place.
   */
  async encodeQueries(queries: readonly QueryWork[]): Promise<(EncodedQuery | Failure)[]> {
    const tokensMax = this.loaded.settings.tokenizer.maxQueryTokens
    const read = queries.map(work => ({ work, text: this.#parts.tokenizer.tokenize(work.text, tokensMax) }))
    const answers = new Array<EncodedQuery | Failure>(queries.length)
    for (const places of placesOfAlike(read.map(({ text }) => text.ids.length))) {
      const alike = await this.#encodeAlike(places.map(place => read[place]!))
      for (const [at, place] of places.entries()) answers[place] = alike[at]!
    }
    return answers
  }

  async #encodeAlike(queries: readonly ReadQuery[]): Promise<(EncodedQuery | Failure)[]> {
    const { encoder, head } = this.#parts
    const batch = await encoder.run(queries.map(({ text }) => text.ids))
    const states = queries.map((_, row) => statesOf(batch, row))
    const wanted = [...states.keys()].filter(row => queries[row]!.work.wish.form === 'weights')
    // Rounded, since whoever is given the token states makes the same weights of them.
    const made = wanted.length === 0 ? [] : await head(wanted.map(row => roundTokenStates(states[row]!, batch.width)))
    const weights = new Map(wanted.map((row, at) => [row, made[at]!]))
    const answers: (EncodedQuery | Failure)[] = []
    for (const [row, query] of queries.entries()) {
      const interpretation = query.work.interpret ? await this.#interpret(query.work.text, states[row]!) : undefined
      try {
        const answer = this.#answer(query, states[row]!, weights.get(row))
        answers.push(interpretation === undefined ? answer : { ...answer, interpretation })
      } catch (error) {
        answers.push(ownFailure(error))
      }
    }
    return answers
  }

  /** A text that is longer than the model reads is left as it is: its last piece would be cut. */
  #interpret(text: string, states: Float32Array): Promise<Interpretation> | Interpretation {
    const { tokenizer, interpreter } = this.#parts
    assert(interpreter !== undefined, 'a model without interpreter is asked for none')
    const words = tokenizer.placeWords(text, this.loaded.settings.tokenizer.maxQueryTokens)
    return words === undefined ? nothingFound : interpreter.interpret(text, words, states)
  }

  #answer({ work, text }: ReadQuery, states: Float32Array, weights: QNetWeights | undefined): EncodedQuery {
    const { wish } = work
    const { truncated, textTokens, unknownTokens } = text
    const read = { tokens: text.ids.length, truncated, textTokens, unknownTokens }
    const { digest: modelDigest, settings } = this.loaded
    const width = settings.encoder.hiddenWidth
    if (wish.form === 'weights' && weights !== undefined) {
      const bytes = encodeWeights(settings.qnet, weights, wish.precision)
      return { ...read, bytes, digest: qnetDigest(settings.qnet, wish.precision, bytes) }
    }
    const bytes = encodeTokenStates(states, width)
    return { ...read, bytes, digest: tokenStatesDigest(modelDigest, { tokens: read.tokens, width }, bytes) }
  }
}

/** A failure of one query stays its own; a defect fails the batch. */
function ownFailure(error: unknown): Failure {
  if (error instanceof HypershardError) return toFailure(error)
  throw error
}
