import {
  type Clock,
  fromFailure,
  type HypershardError,
  isFailure,
  type Meter,
  quietMeter,
  type RequestContext,
  readGates,
  WorkGate,
} from '@hypershard/common'
import { weightsBytes } from '@hypershard/qnet'
import type { BatchLimits } from './batching/batch-queue.ts'
import { type BatchedAnswer, type BatcherStatistics, DynamicBatcher } from './batching/dynamic-batcher.ts'
import { EncoderMeter } from './batching/encoder-meter.ts'
import { encoderMetrics } from './batching/metrics.ts'
import { partsOf } from './encoding/parts-of.ts'
import type { TokenizedText } from './encoding/tokenizer.ts'
import type { EncodedQuery, Lane, LoadedCrossEncoder, LoadedModel, QueryWork } from './encoding/worker-protocol.ts'
import { PairScorer, type PairsToScore, type ScoredPairs } from './pairs/pair-scorer.ts'
import type { CutDocument, DocumentToCut } from './passages/cut-document.ts'
import type { EncodingPort } from './ports.ts'
import { traceBatch } from './trace-batch.ts'

export interface EncoderLimits extends BatchLimits {
  /** Of each lane: queries never wait for room that documents or pairs take. */
  readonly queueTokensMax: number
}

export interface EncodedDocuments {
  /** Row-major [texts, hiddenWidth], in the order of the texts. */
  readonly vectors: Float32Array<ArrayBuffer>
  /** Texts that were longer than the model reads. */
  readonly truncated: number
  /** What the model read of each text, in their order. */
  readonly read: readonly Pick<TokenizedText, 'textTokens' | 'unknownTokens' | 'truncated'>[]
}

/**
 * Q-nets of one batch together, unless one alone is larger: all are answered when the last of them is made, and
 * the bound keeps short both that wait and the time that writing them out keeps the main thread from other calls.
 */
const qnetBytesMax = 8 * 1024 * 1024

/** [CLS] and [SEP], or what a model has in their place. */
const specialTokens = 2

/**
 * The way of a request: admit, (tokenise documents), wait for a batch, encode. Queries are tokenised with their batch,
 * so they cross to the worker once; documents are tokenised first, since their lengths decide who shares a batch.
 * Queries and documents have batches of their own, which run at the same time: neither ever waits for the other.
 */
export class Encoder {
  readonly models: readonly LoadedModel[]
  readonly crossEncoders: readonly LoadedCrossEncoder[]
  readonly #worker: EncodingPort
  readonly #queries: DynamicBatcher<QueryWork, EncodedQuery>
  readonly #documents: DynamicBatcher<Int32Array, Float32Array>
  readonly #pairs: PairScorer
  readonly #tokenBudgetMax: number
  readonly #gates: Readonly<Record<Lane, WorkGate>>
  readonly #meter: EncoderMeter

  constructor(worker: EncodingPort, limits: EncoderLimits, clock: Clock, meter: Meter = quietMeter) {
    this.models = worker.models
    this.crossEncoders = worker.crossEncoders
    this.#worker = worker
    this.#tokenBudgetMax = limits.tokenBudgetMax
    this.#gates = {
      query: gateOf('queries', limits),
      document: gateOf('documents', limits),
      pair: gateOf('pairs', limits),
    }
    this.#meter = new EncoderMeter(meter)
    this.#queries = new DynamicBatcher({
      ...limits,
      onBatch: batch => this.#meter.noteBatch('query', batch),
      run: (group, works) => this.#runQueries(Number(group), works),
      clock,
    })
    this.#documents = new DynamicBatcher({
      ...limits,
      onBatch: batch => this.#meter.noteBatch('document', batch),
      run: (group, ids) => this.#runDocuments(Number(group), ids),
      clock,
    })
    this.#pairs = new PairScorer({ worker, limits, gate: this.#gates.pair, clock, meter: this.#meter })
    this.#meter.readLanes({ query: this.#queries, document: this.#documents, pair: this.#pairs.lane })
    readGates(meter, { queries: this.#gates.query, documents: this.#gates.document, pairs: this.#gates.pair })
    const served = [...this.models, ...this.crossEncoders]
    meter.read(encoderMetrics.model, () =>
      served.map(({ digest, kernel, settings }) => ({ labels: { model: settings.name, digest, kernel }, value: 1 })),
    )
  }

  get statistics(): Readonly<Record<Lane, BatcherStatistics>> {
    const { lane } = this.#pairs
    return { query: this.#queries.statistics, document: this.#documents.statistics, pair: lane.statistics }
  }

  /** Texts that wait for their batch. */
  get waiting(): Readonly<Record<Lane, number>> {
    return { query: this.#queries.waiting, document: this.#documents.waiting, pair: this.#pairs.lane.waiting }
  }

  /**
   * @param model its place in `models`
   * @throws HypershardError `overloaded`, `deadline_exceeded`, `cancelled`, `invalid_request` for weights over f16's range
   */
  encodeQuery(model: number, query: QueryWork, context: RequestContext): Promise<BatchedAnswer<EncodedQuery>> {
    const { deadline } = context
    const tokens = this.#tokensOf(model, query)
    const encode = async () => {
      deadline.check('encoding the query')
      const answer = await this.#queries.submit({ group: String(model), deadline, texts: [{ tokens, work: query }] })
      traceBatch(answer, context)
      return answer
    }
    return this.#meter.measure('query', () => this.#gates.query.run(deadline, encode, tokens))
  }

  /**
   * @param model its place in `models`
   * @throws HypershardError `overloaded`, `request_too_large`, `deadline_exceeded`, `cancelled`
   */
  encodeDocuments(model: number, texts: readonly string[], context: RequestContext): Promise<EncodedDocuments> {
    const { deadline } = context
    const { tokenizer, encoder } = this.models[model]!.settings
    const around = (tokenizer.documentPrefix?.length ?? 0) + specialTokens
    const tokensAtMost = texts.map(text => Math.min(tokenizer.maxDocumentTokens, text.length + around))
    const room = tokensAtMost.reduce((sum, tokens) => sum + tokens, 0)
    const encode = async () => {
      const tokenized = await context.step('tokenise', inner => this.#tokenize(model, texts, inner))
      const works = tokenized.map(({ ids }) => ({ tokens: ids.length, work: ids }))
      const answer = await this.#documents.submit({ group: String(model), deadline, texts: works })
      traceBatch(answer, context)
      const { answers } = answer
      const vectors = new Float32Array(texts.length * encoder.hiddenWidth)
      for (const [row, vector] of answers.entries()) vectors.set(vector, row * encoder.hiddenWidth)
      const read = tokenized.map(({ textTokens, unknownTokens, truncated }) => ({
        textTokens,
        unknownTokens,
        truncated,
      }))
      return { vectors, truncated: tokenized.filter(text => text.truncated).length, read }
    }
    return this.#meter.measure('document', () => this.#gates.document.run(deadline, encode, room))
  }

  /**
   * Where documents are cut into passages; takes room for a token each, as none waits for a batch.
   * @param model its place in `models`
   * @param overlap the share of a passage's tokens that the next one may repeat
   * @throws HypershardError `overloaded`, `deadline_exceeded`, `cancelled`
   */
  cutDocuments(
    model: number,
    documents: readonly DocumentToCut[],
    { overlap, context }: { readonly overlap: number; readonly context: RequestContext },
  ): Promise<CutDocument[]> {
    const { deadline } = context
    const cut = async () => {
      const found: CutDocument[] = []
      for (const part of partsOf(documents, ({ text }) => text.length)) {
        deadline.check('cutting the documents')
        found.push(...(await this.#worker.call('cutDocuments', { model, documents: part, overlap })))
      }
      return found
    }
    return this.#gates.document.run(deadline, cut, Math.max(1, documents.length))
  }

  /**
   * @param model its place in `crossEncoders`
   * @throws HypershardError `overloaded`, `request_too_large`, `deadline_exceeded`, `cancelled`
   */
  scorePairs(model: number, pairs: PairsToScore, context: RequestContext): Promise<ScoredPairs> {
    return this.#pairs.score(model, pairs, context)
  }

  /**
   * What a query takes of a batch. Its length is known only when its batch is tokenised, so it counts as the longest
   * there can be; and q-nets of some megabytes count by their bytes.
   */
  #tokensOf(model: number, { wish }: QueryWork): number {
    const { tokenizer, qnet } = this.models[model]!.settings
    const bytes = wish.form === 'weights' ? weightsBytes(qnet, wish.precision) : 0
    const tokens = Math.ceil((bytes / qnetBytesMax) * this.#tokenBudgetMax)
    return Math.min(this.#tokenBudgetMax, Math.max(tokenizer.maxQueryTokens, tokens))
  }

  async #tokenize(model: number, texts: readonly string[], context: RequestContext): Promise<TokenizedText[]> {
    const tokenized: TokenizedText[] = []
    for (const part of partsOf(texts, text => text.length)) {
      context.deadline.check('tokenising the documents')
      tokenized.push(...(await this.#worker.call('tokenizeDocuments', { model, texts: part })))
    }
    return tokenized
  }

  async #runQueries(model: number, queries: QueryWork[]): Promise<(EncodedQuery | HypershardError)[]> {
    const answers = await this.#worker.call('encodeQueries', { model, queries })
    return answers.map(answer => (isFailure(answer) ? fromFailure(answer) : answer))
  }

  async #runDocuments(model: number, ids: Int32Array[]): Promise<Float32Array[]> {
    const vectors = await this.#worker.call('encodeDocuments', { model, ids })
    const width = vectors.length / ids.length
    return ids.map((_, row) => vectors.subarray(row * width, (row + 1) * width))
  }
}

/**
 * What one lane holds, waiting for its batch or in it. Nothing waits before the gate: what comes on top is turned away at
 * the door, while its caller can still go elsewhere, instead of growing a queue nobody lives to see the end of.
 */
function gateOf(work: string, { queueTokensMax }: EncoderLimits): WorkGate {
  const bounds = { inFlightMax: queueTokensMax, waitingMax: 0 }
  return new WorkGate({ work, where: 'in this encoder service', unit: 'queue tokens', ...bounds })
}
