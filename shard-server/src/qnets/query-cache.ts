import {
  type Counter,
  type Deadline,
  type Histogram,
  HitCounts,
  HypershardError,
  type Logger,
  type Meter,
  quietMeter,
  silentLogger,
  unlabelled,
  waitWithin,
} from '@hypershard/common'
import type { QNet, TokenStates } from '@hypershard/proto/qnet'
import { architectureFromProto, precisionFromProto } from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import { markGood } from '../cpu/check-weights.ts'
import type { SharedQNet } from '../ports.ts'
import type { ThreadCalls } from '../threads/thread-calls.ts'
import type { HeadMessage, HeadRequest, MadeQNet } from './head-thread.ts'
import { headMetrics } from './metrics.ts'
import { type SharedWeights, WeightsMemory } from './weights-memory.ts'

/** All weights together; the least recently used go. */
const cacheBytesMax = 128 * 1024 ** 2
/** Models whose q-nets' lengths are remembered. */
const lengthsMax = 1_000
/** What a query costs besides its weights. */
const entryOverheadBytes = 1_024

/** A query as scoring threads take it. */
export interface ReadyQuery {
  readonly modelDigest: string
  readonly qnet: SharedQNet
  /** How long making it from token states took for this request; 0 when it was there already. */
  readonly headMs: number
  /** To be called once, when no thread reads it any more. */
  release(): void
}

interface KeptQuery extends Pick<ReadyQuery, 'modelDigest' | 'qnet'> {
  /** Takers that have not released it; undefined while whoever had it made has yet to take it. */
  users: number | undefined
  dropped: boolean
}

type MadeWeights = Omit<MadeQNet, 'weights'> & { readonly weights: SharedWeights }

/** A q-net that is being made. */
interface Making {
  readonly made: Promise<MadeQuery>
  /** Requests that wait for it. */
  waiting: number
  /** None waits any more. */
  readonly giveUp: () => void
}

interface MadeQuery {
  readonly query: KeptQuery
  readonly headMs: number
}

export interface QueryCacheOptions {
  readonly meter?: Meter
  readonly log?: Logger
  /** Whether there are other searches, so that it is worth sharing q-nets with other servers. */
  readonly isBusy?: () => boolean
}

/**
 * Queries by model and digest, so that one that comes again comes as its digest alone. Weights are kept as they came: scoring
 * threads check them against the digest when they first see them.
 */
export class QueryCache {
  readonly counts = new HitCounts()
  readonly bytesMax = cacheBytesMax
  readonly #log: Logger
  readonly #isBusy: () => boolean
  readonly #headSeconds: Histogram<never>
  readonly #qnetsRead: Counter<never>
  readonly #heads: Pick<ThreadCalls<HeadMessage, MadeQNet>, 'call' | 'post'>
  readonly #queries = new LRUCache<string, KeptQuery>({
    maxSize: cacheBytesMax,
    sizeCalculation: bytesOf,
    dispose: query => this.#drop(query),
  })
  readonly #making = new Map<string, Making>()
  readonly #memory = new WeightsMemory()
  /** Of the weights of q-nets made here, by model. */
  readonly #bytesOfModel = new LRUCache<string, number>({ max: lengthsMax })

  constructor(heads: Pick<ThreadCalls<HeadMessage, MadeQNet>, 'call' | 'post'>, options: QueryCacheOptions = {}) {
    const { meter = quietMeter, log = silentLogger(), isBusy = () => false } = options
    this.#heads = heads
    this.#log = log
    this.#isBusy = isBusy
    this.#headSeconds = meter.histogram(headMetrics.made)
    this.#qnetsRead = meter.counter(headMetrics.read)
  }

  /** What the queries that are kept take. */
  get bytes(): number {
    return this.#queries.calculatedSize
  }

  /**
   * The query of a request, from the cache if it can be.
   * @throws HypershardError `invalid_request`, `query_unknown` for a digest alone that is not there, `model_not_found` for token
   * states of a model whose hyper-head cannot be had here or is being loaded, `deadline_exceeded` while it waits for the hyper-head, which goes on
   */
  async take(qnet: QNet | undefined, tokenStates: TokenStates | undefined, deadline: Deadline): Promise<ReadyQuery> {
    if ((qnet === undefined) === (tokenStates === undefined)) {
      throw new HypershardError('invalid_request', 'give a q-net or token states')
    }
    const { digest, modelDigest } = (qnet ?? tokenStates)!
    const key = `${modelDigest}/${digest}`
    const given = qnet?.weights.byteLength ?? 0
    const known = this.counts.note(this.#find(key, given))
    if (known !== undefined) return this.#lend(known, 0)
    if (tokenStates !== undefined) {
      const { query, headMs } = await this.#awaitMaking(this.#makeOnce(key, tokenStates), deadline)
      return this.#lend(query, headMs)
    }
    if (given === 0) {
      throw new HypershardError('query_unknown', `query ${digest.slice(0, 12)} is not known here; send it whole`)
    }
    const architecture = architectureFromProto(qnet!.architecture)
    const precision = precisionFromProto(qnet!.precision)
    const weights = this.#memory.copy(qnet!.weights)
    return this.#lend(this.#keep(key, { modelDigest, qnet: { digest, architecture, precision, weights } }), 0)
  }

  #find(key: string, givenBytes: number): KeptQuery | undefined {
    const known = this.#queries.get(key)
    // A different length cannot have this digest: verify instead of serving the cached copy.
    return givenBytes === 0 || givenBytes === known?.qnet.weights.bytes.byteLength ? known : undefined
  }

  /** Lets go of a query that turned out to be broken. */
  forget({ modelDigest, qnet }: ReadyQuery): void {
    const key = `${modelDigest}/${qnet.digest}`
    // Another copy may have taken its place meanwhile; that one stays.
    if (this.#queries.peek(key)?.qnet.weights.copy === qnet.weights.copy) this.#queries.delete(key)
  }

  /** One that has not begun when the last who waits for it goes, is not made. */
  async #awaitMaking(making: Making, deadline: Deadline): Promise<MadeQuery> {
    making.waiting++
    try {
      return await waitWithin(making.made, deadline, 'making the q-net of token states')
    } finally {
      if (--making.waiting === 0) making.giveUp()
    }
  }

  /** Shards of one query may be asked for by several calls at once. */
  #makeOnce(key: string, tokenStates: TokenStates): Making {
    const known = this.#making.get(key)
    if (known !== undefined) return known
    const { call, made } = this.#make(key, tokenStates)
    const isUnderWay = () => this.#making.get(key) === making
    const giveUp = () => {
      if (!isUnderWay()) return
      // Who comes after that has it made anew.
      this.#making.delete(key)
      this.#heads.post({ cancel: call })
    }
    const making = { made, waiting: 0, giveUp }
    this.#making.set(key, making)
    const forget = () => isUnderWay() && this.#making.delete(key)
    made.then(forget, forget)
    return making
  }

  #make(
    key: string,
    { digest, modelDigest, tokens, width, states }: TokenStates,
  ): { readonly call: number; readonly made: Promise<MadeQuery> } {
    const request = { modelDigest, digest, shape: { tokens, width }, states, share: this.#isBusy() }
    const { call, weights: making } = this.#makeInto(this.#bytesOfModel.get(modelDigest), request)
    const made = making.then(({ architecture, headMs, weights, wasRead, sharingLost }) => {
      this.#bytesOfModel.set(modelDigest, weights.bytes.byteLength)
      if (sharingLost !== undefined) this.#log.warn({ reason: sharingLost }, 'q-nets are no longer shared')
      if (wasRead) this.#qnetsRead.add(unlabelled)
      else this.#headSeconds.observe(unlabelled, headMs / 1_000)
      // The head thread has looked at every value, and the digest is of the token states.
      markGood(weights)
      const qnet = { digest, architecture, precision: 'f32', weights } as const
      return { query: this.#keep(key, { modelDigest, qnet }), headMs }
    })
    return { call, made }
  }

  /** Written by the head thread straight into memory that is used again: 1.2 MB a query were a fifth of its time to clear away. */
  #makeInto(
    byteLength: number | undefined,
    request: Omit<HeadRequest, 'call' | 'into'>,
  ): { readonly call: number; readonly weights: Promise<MadeWeights> } {
    const taken = byteLength === undefined ? undefined : this.#memory.take(byteLength)
    const { call, answer } = this.#heads.call(number => ({ ...request, call: number, into: taken?.bytes }))
    const weights = answer.then(
      made => ({ ...made, weights: made.weights === undefined ? taken! : this.#memory.copy(made.weights) }),
      error => {
        if (taken !== undefined) this.#memory.giveBack(taken)
        throw error
      },
    )
    return { call, weights }
  }

  #lend(query: KeptQuery, headMs: number): ReadyQuery {
    query.users = (query.users ?? 0) + 1
    const release = () => {
      query.users!--
      this.#giveBackUnused(query)
    }
    return { modelDigest: query.modelDigest, qnet: query.qnet, headMs, release }
  }

  #keep(key: string, { modelDigest, qnet }: Pick<ReadyQuery, 'modelDigest' | 'qnet'>): KeptQuery {
    const kept: KeptQuery = { modelDigest, qnet, users: undefined, dropped: false }
    this.#queries.set(key, kept)
    // What is larger than the whole cache is used once.
    if (!this.#queries.has(key)) kept.dropped = true
    return kept
  }

  #drop(query: KeptQuery): void {
    query.dropped = true
    this.#giveBackUnused(query)
  }

  #giveBackUnused({ dropped, users, qnet }: KeptQuery): void {
    if (dropped && users === 0) this.#memory.giveBack(qnet.weights)
  }
}

function bytesOf({ qnet }: Pick<ReadyQuery, 'qnet'>): number {
  return qnet.weights.bytes.byteLength + entryOverheadBytes
}
