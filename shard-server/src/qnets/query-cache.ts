import { HypershardError } from '@hypershard/common'
import type { QNet, TokenStates } from '@hypershard/proto/qnet'
import { architectureFromProto, precisionFromProto } from '@hypershard/qnet'
import type { ScanTask } from '../scoring/messages.ts'
import type { ThreadCalls } from '../threads/thread-calls.ts'
import type { HeadRequest, MadeQNet } from './head-thread.ts'

/** All weights together; the least recently used go. */
const cacheBytesMax = 128 * 1024 ** 2
/** What a query costs besides its weights. */
const entryOverheadBytes = 1_024

/** A query as scoring threads take it. */
export interface ReadyQuery {
  readonly modelDigest: string
  readonly qnet: ScanTask['qnet']
  /** What making it of token states took, now. */
  readonly headMs: number
}

/**
 * Queries by model and digest, so that one that comes again comes as its digest alone. Weights are kept as they came: scoring
 * threads check them against the digest when they first see them.
 */
export class QueryCache {
  readonly #heads: ThreadCalls<HeadRequest, MadeQNet>
  /** In the order of use, the least recent first. */
  readonly #queries = new Map<string, Omit<ReadyQuery, 'headMs'>>()
  readonly #making = new Map<string, Promise<ReadyQuery>>()
  #bytes = 0

  constructor(heads: ThreadCalls<HeadRequest, MadeQNet>) {
    this.#heads = heads
  }

  /**
   * The query of a request, from the cache if it can be.
   * @throws HypershardError `invalid_request`, `query_unknown` for a digest alone that is not there, `model_not_found` for token
   * states of a model that this server does not hold
   */
  async take(qnet: QNet | undefined, tokenStates: TokenStates | undefined): Promise<ReadyQuery> {
    if ((qnet === undefined) === (tokenStates === undefined)) {
      throw new HypershardError('invalid_request', 'give a q-net or token states')
    }
    const { digest, modelDigest } = (qnet ?? tokenStates)!
    const key = `${modelDigest}/${digest}`
    const known = this.#queries.get(key)
    const given = qnet?.weights.byteLength ?? 0
    // Weights of another length are no more of this digest than no digest is: they are looked at.
    if (known !== undefined && (given === 0 || given === known.qnet.weights.byteLength)) {
      this.#queries.delete(key)
      this.#queries.set(key, known)
      return { ...known, headMs: 0 }
    }
    if (tokenStates !== undefined) return this.#makeOnce(key, tokenStates)
    if (given === 0) {
      throw new HypershardError('query_unknown', `query ${digest.slice(0, 12)} is not known here; send it whole`)
    }
    const architecture = architectureFromProto(qnet!.architecture)
    const precision = precisionFromProto(qnet!.precision)
    const weights = new Uint8Array(new SharedArrayBuffer(qnet!.weights.byteLength))
    weights.set(qnet!.weights)
    return { ...this.#keep(key, { modelDigest, qnet: { digest, architecture, precision, weights } }), headMs: 0 }
  }

  /** Lets go of a query that turned out to be broken. */
  forget({ modelDigest, qnet }: ReadyQuery): void {
    this.#drop(`${modelDigest}/${qnet.digest}`)
  }

  /** Shards of one query may be asked for by several calls at once. */
  #makeOnce(key: string, tokenStates: TokenStates): Promise<ReadyQuery> {
    const known = this.#making.get(key)
    if (known !== undefined) return known
    const making = this.#make(key, tokenStates).finally(() => this.#making.delete(key))
    this.#making.set(key, making)
    return making
  }

  async #make(key: string, { digest, modelDigest, tokens, width, states }: TokenStates): Promise<ReadyQuery> {
    const shape = { tokens, width }
    const request = { modelDigest, digest, shape, states }
    const { architecture, weights, headMs } = await this.#heads.call(call => ({ call, ...request })).answer
    const qnet = { digest, architecture, precision: 'f32', weights, madeHere: true } as const
    return { ...this.#keep(key, { modelDigest, qnet }), headMs }
  }

  #keep(key: string, query: Omit<ReadyQuery, 'headMs'>): Omit<ReadyQuery, 'headMs'> {
    this.#drop(key)
    this.#queries.set(key, query)
    this.#bytes += bytesOf(query)
    for (const oldest of this.#queries.keys()) {
      if (this.#bytes <= cacheBytesMax) break
      this.#drop(oldest)
    }
    return query
  }

  #drop(key: string): void {
    const query = this.#queries.get(key)
    if (query === undefined) return
    this.#queries.delete(key)
    this.#bytes -= bytesOf(query)
  }
}

function bytesOf({ qnet }: Pick<ReadyQuery, 'qnet'>): number {
  return qnet.weights.byteLength + entryOverheadBytes
}
