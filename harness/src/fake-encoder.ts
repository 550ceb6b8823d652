import { createHash } from 'node:crypto'
import { type Deadline, HypershardError, type RequestContext, toHypershardError } from '@hypershard/common'
import type { CrossEncoder, Model } from '@hypershard/proto/encoder'
import { Activation, type QNet, type TokenStates, WeightsPrecision } from '@hypershard/proto/qnet'
import type { TextRead } from '@hypershard/storage'

const vectorWidth = 16
const architecture = {
  vectorDimensions: [vectorWidth, 1],
  activation: Activation.ACTIVATION_RELU,
  layerNorm: false,
  layerNormBeforeResidual: false,
  residual: false,
  residualOnLast: false,
}

/** A query as the encoder service answers it. */
export interface FakeQuery {
  readonly qnet: QNet
  readonly payload: QNet | TokenStates
  readonly truncated: boolean
  readonly tokens: number
  readonly unknownTokens: number
  readonly interpretation?: { readonly pieces: readonly string[]; readonly confidence: number }
}

/** A query with this word in it gets weights of NaN, so that no score is finite. */
export const wordOfNaN = 'not-a-number'

/**
 * An encoder of our own ports, the coordinator's and the indexer's: a text's vector counts its words, hashed into 16 places; a query's q-net is one linear
 * layer with the same counts. Texts that share words score high.
 */
export class FakeEncoder {
  models: Model[] = [modelNamed('words'), modelNamed('words-too')]
  /** Whether a query that is asked for as token states is one; no fake shard server makes a q-net of it. */
  answersTokenStates = false
  /** What it scores pairs with: texts that share words with the query score high. */
  crossEncodersServed: CrossEncoder[] = [crossEncoderNamed('pairs')]
  /** What it says that waits for a batch. */
  readonly waiting = { queries: 2, documents: 300, pairs: 4 }
  queriesEncoded = 0
  /** The texts of each call that asked for several. */
  readonly callsOfSeveral: string[][] = []
  pairsScored = 0
  documentsEncoded = 0
  /** Of a document so many tokens are read. */
  documentTokensMax = Number.POSITIVE_INFINITY
  /** Rejects every call with this. */
  failure: HypershardError | undefined
  /** Runs before each batch of documents is encoded. */
  beforeBatch: (deadline: Deadline) => Promise<void> = async () => undefined
  /** Runs before each query is encoded. */
  beforeQuery: (deadline: Deadline) => Promise<void> = async () => undefined

  /** Runs before each call for pairs. */
  beforePairs: (deadline: Deadline) => Promise<void> = async () => undefined

  async listModels(): Promise<readonly Model[]> {
    if (this.failure !== undefined) throw this.failure
    return this.models
  }

  async describe(): Promise<{
    models: readonly Model[]
    crossEncoders: readonly CrossEncoder[]
    draining: boolean
    protocolVersion: number
    waiting: { queries: number; documents: number; pairs: number }
  }> {
    const { crossEncodersServed: crossEncoders, waiting } = this
    return { models: await this.listModels(), crossEncoders, draining: false, protocolVersion: 2, waiting }
  }

  crossEncoders(): readonly CrossEncoder[] {
    return this.crossEncodersServed
  }

  /** A pair's score counts the words that both have, for each word of the text. */
  async scorePairs(
    { modelDigest, query, texts }: { modelDigest: string; query: string; texts: readonly string[] },
    { deadline }: Pick<RequestContext, 'deadline'>,
  ): Promise<{ scores: number[]; truncated: boolean[] }> {
    if (this.failure !== undefined) throw this.failure
    const model = this.crossEncodersServed.find(({ digest }) => digest === modelDigest)
    if (model === undefined) throw new HypershardError('model_not_found', `no cross-encoder ${modelDigest}`)
    await this.beforePairs(deadline)
    this.pairsScored += texts.length
    const asked = new Set(wordsOf(query))
    const scores = texts.map(text => {
      const words = wordsOf(text)
      return words.filter(word => asked.has(word)).length / Math.max(1, words.length)
    })
    return { scores, truncated: texts.map(text => wordsOf(text).length > model.maxTokens) }
  }

  encodersOf(): number {
    return 1
  }

  async encodeQuery(
    query: { modelDigest: string; text: string; form?: 'weights' | 'tokenStates'; interpret?: boolean },
    { deadline }: Pick<RequestContext, 'deadline'>,
  ): Promise<FakeQuery> {
    if (this.failure !== undefined) throw this.failure
    this.#requireModel(query.modelDigest)
    this.queriesEncoded++
    await this.beforeQuery(deadline)
    const vector = query.text.includes(wordOfNaN) ? new Float32Array(vectorWidth).fill(Number.NaN) : embed(query.text)
    const weights = Buffer.from(vector.buffer)
    const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
    const qnet = { digest: sha256(query.text), modelDigest: query.modelDigest, architecture, precision, weights }
    const { tokens, unknown: unknownTokens } = readOf(query.text)
    const states = { ...qnet, tokens: 1, width: vectorWidth, states: weights }
    const asStates = this.answersTokenStates && query.form === 'tokenStates'
    const encoded = { qnet, payload: asStates ? states : qnet, truncated: false, tokens, unknownTokens }
    return query.interpret ? { ...encoded, interpretation: interpretationOf(query.text) } : encoded
  }

  /** Each by itself, as all of them share a call. */
  async encodeQueries(
    { texts, ...shared }: { modelDigest: string; texts: readonly string[]; form?: 'weights' | 'tokenStates' },
    context: Pick<RequestContext, 'deadline'>,
  ): Promise<(FakeQuery | HypershardError)[]> {
    this.callsOfSeveral.push([...texts])
    return Promise.all(texts.map(text => this.encodeQuery({ ...shared, text }, context).catch(toHypershardError)))
  }

  /** It has no files. */
  async readModelFile({ modelDigest }: { modelDigest: string }): Promise<Uint8Array> {
    throw new HypershardError('model_not_found', `no files of model ${modelDigest}`)
  }

  async encodeDocuments(
    batch: { modelDigest: string; documents: readonly { title: string; text: string }[] },
    { deadline }: Pick<RequestContext, 'deadline'>,
  ): Promise<{ vectors: Float32Array; vectorWidth: number; truncated: number; read: TextRead[] }> {
    if (this.failure !== undefined) throw this.failure
    this.#requireModel(batch.modelDigest)
    await this.beforeBatch(deadline)
    this.documentsEncoded += batch.documents.length
    const vectors = new Float32Array(batch.documents.length * vectorWidth)
    for (const [row, { title, text }] of batch.documents.entries())
      vectors.set(embed(`${title} ${text}`), row * vectorWidth)
    const read = batch.documents.map(({ title, text }) => {
      const own = readOf(`${title} ${text}`)
      const cutOff = own.tokens > this.documentTokensMax
      return { ...own, tokens: Math.min(own.tokens, this.documentTokensMax), ...(cutOff && { cutOff }) }
    })
    return { vectors, vectorWidth, truncated: read.filter(({ cutOff }) => cutOff).length, read }
  }

  /** A passage a sentence, without overlap. */
  async cutDocuments({ documents }: { documents: readonly { text: string }[] }) {
    return documents.map(({ text }) => {
      const sentences = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text)]
      const begins = sentences.map(({ index }) => [...text.slice(0, index)].length)
      const ends = sentences.map(({ index, segment }) => [...text.slice(0, index + segment.length)].length)
      return { begins: text === '' ? [0] : begins, ends: text === '' ? [0] : ends, titleApart: false, cutOff: false }
    })
  }

  close(): void {}

  #requireModel(digest: string): void {
    if (this.models.some(model => model.digest === digest)) return
    const models = this.models.map(model => ({ name: model.name, digest: model.digest }))
    throw new HypershardError('model_not_found', `no model ${digest}`, { details: { digest, models } })
  }
}

function wordsOf(text: string): string[] {
  return text.split(/[\s\p{Cc}]+/u).filter(word => word !== '')
}

/** Its tokens are words; it knows those of printable ASCII. */
function readOf(text: string): TextRead {
  const words = wordsOf(text)
  return { tokens: words.length, unknown: words.filter(word => !/^[!-~]+$/.test(word)).length }
}

/** The score that any server must give. */
export function scoreOf(weights: Float32Array, vector: Float32Array): number {
  let sum = 0
  for (const [at, weight] of weights.entries()) sum = Math.fround(sum + Math.fround(weight * vector[at]!))
  return sum
}

/** Of a model that reads every " or " as one between needs; its models say that they do only where a test has them say it. */
function interpretationOf(text: string): NonNullable<FakeQuery['interpretation']> {
  const pieces = text.split(' or ')
  return pieces.length > 1 ? { pieces, confidence: 0.99 } : { pieces: [], confidence: 0 }
}

export function embed(text: string): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(vectorWidth)
  for (const word of text.toLowerCase().slice(0, 2_000).split(/\s+/)) {
    if (word === '') continue
    let hash = 7
    for (let at = 0; at < word.length; at++) hash = (hash * 31 + word.charCodeAt(at)) >>> 0
    vector[hash % vectorWidth]! += 1
  }
  return vector
}

function modelNamed(name: string): Model {
  return {
    digest: sha256(name),
    name,
    description: 'counts words',
    license: 'Apache-2.0',
    architecture,
    source: 'tests',
    languages: ['en'],
    vectorWidth,
    maxQueryTokens: 32,
    maxDocumentTokens: 256,
    bytes: 1,
    qnetParameters: vectorWidth,
    documentKernel: 'fp32',
    interprets: name === 'words',
  }
}

function crossEncoderNamed(name: string): CrossEncoder {
  return {
    digest: sha256(name),
    name,
    description: 'counts words that both have',
    license: 'Apache-2.0',
    source: 'tests',
    languages: ['en'],
    maxTokens: 64,
    maxQueryTokens: 32,
    bytes: 1,
    tokenParameters: 1_000,
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
