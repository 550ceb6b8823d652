import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Deadline, HitCounts, HypershardError, type RequestContext, waitWithin } from '@hypershard/common'
import { batchSearchesMax, timeoutMsMax } from '@hypershard/proto/limits'
import { LRUCache } from 'lru-cache'
import type { EncodedQuery, EncoderPort, QueryInterpretation } from '../ports.ts'
import type { QueryForm } from './query-forms.ts'
import { isTokenStates, payloadBytes, type QueryPayload } from './query-payload.ts'

export interface QueryText {
  readonly modelDigest: string
  readonly text: string
  /** A query that is in the cache is given in the form that it has there. */
  readonly form: QueryForm
}

export interface EncodedTextAndOrigin extends EncodedQuery {
  /** It was in the cache: the encoder did nothing for this search. */
  readonly cached: boolean
}

/** The same of any query. */
export interface EncodedQueryAndOrigin extends Omit<EncodedTextAndOrigin, 'payload'> {
  readonly payload: QueryPayload
}

/** One call of the encoder: of one text, or of those of a batch of searches. */
interface Flight {
  readonly abandon: AbortController
  /** Searches that wait for one of its texts. */
  waiters: number
  readonly keys: readonly string[]
}

/** A text that is being encoded, which several searches may be waiting for. */
interface SharedCall {
  readonly result: Promise<EncodedQuery>
  readonly flight: Flight
  /** It was begun for another search, of the same batch. */
  readonly ahead: boolean
}

/** Why a call is given up, also one that has ended: made for each, it would be an error with its stack. */
const nobodyWaits = 'nobody waits for it any more'

/** Texts whose pieces are remembered. */
const interpretationsMax = 4_096

/** What an entry costs besides its weights: keys, digests, architecture. An estimate on the high side. */
const entryOverheadBytes = 1024

/**
 * Turns query texts into q-nets, with a cache in front of the encoder: the least recently used entries go once all
 * weights together exceed `cacheBytesMax`. Searches of the same text at the same time share one call, which is
 * cancelled when the last of them has given up; each waits inside its own deadline only. The call is told to be the
 * first one's, whose context it has.
 */
export class QueryEncoder {
  /** A search that shares the call of another counts as not found. */
  readonly counts = new HitCounts()
  readonly bytesMax: number
  readonly #encoder: EncoderPort
  readonly #cache: LRUCache<string, EncodedQuery>
  readonly #interpretations = new LRUCache<string, QueryInterpretation>({ max: interpretationsMax })
  readonly #shared = new Map<string, SharedCall>()

  constructor(encoder: EncoderPort, options: { cacheBytesMax: number }) {
    this.#encoder = encoder
    this.bytesMax = options.cacheBytesMax
    // Nothing fits into one byte, which stands for no cache.
    this.#cache = new LRUCache({ maxSize: Math.max(1, options.cacheBytesMax), sizeCalculation: bytesOf })
  }

  /** What the cache holds, about. */
  get bytes(): number {
    return this.#cache.calculatedSize
  }

  /**
   * @param others texts of the same batch of searches: those that nobody has encoded yet are encoded by the same call, where
   *   there is a cache that keeps them until their searches come
   * @throws HypershardError of the encoder, or `deadline_exceeded` or `cancelled`
   */
  async encode(
    query: QueryText,
    context: RequestContext,
    others: readonly string[] = [],
  ): Promise<EncodedTextAndOrigin> {
    const key = keyOf(query)
    const known = this.counts.note(this.#cache.get(key))
    if (known !== undefined) return { ...known, cached: true }
    const call = this.#shared.get(key) ?? this.#startCall(query, context, this.#notYet(query, others))
    try {
      return { ...(await this.#wait(call, context)), cached: false }
    } catch (error) {
      // What went wrong with a call for another search is nothing that this one may fail of.
      if (!call.ahead || context.deadline.cancelled || context.deadline.passed) throw error
      const own = this.#shared.get(key) ?? this.#startCall(query, context, [])
      return { ...(await this.#wait(own, context)), cached: false }
    }
  }

  /**
   * The pieces of a text, of a model that finds them. A text that is one need is encoded with this: `encode` has it then.
   * @throws HypershardError as `encode`; `unavailable` of an encoder service that does not know what that is
   */
  async interpret(query: QueryText, context: RequestContext): Promise<QueryInterpretation> {
    const key = keyOf(query)
    const known = this.#interpretations.get(key)
    if (known !== undefined) return known
    const call = this.#shared.get(piecesKeyOf(query)) ?? this.#startInterpreting(query, context)
    const { interpretation } = await this.#wait(call, context)
    assert(interpretation !== undefined, 'an encoder service that was asked for pieces says which')
    this.#interpretations.set(key, interpretation)
    return interpretation
  }

  /** Forgets a query that was encoded in this form. */
  forget(query: QueryText): void {
    const key = keyOf(query)
    const known = this.#cache.peek(key)
    if (known === undefined || isTokenStates(known.payload) !== (query.form === 'tokenStates')) return
    this.#cache.delete(key)
  }

  async #wait({ result, flight }: SharedCall, context: RequestContext): Promise<EncodedQuery> {
    flight.waiters++
    try {
      return await waitWithin(result, context.deadline, 'encoding the query')
    } finally {
      flight.waiters--
      if (flight.waiters === 0) this.#endFlight(flight)
    }
  }

  /** Of a batch's texts, those that may be encoded with this one. */
  #notYet({ modelDigest, text, form }: QueryText, others: readonly string[]): QueryText[] {
    if (this.bytesMax === 0) return []
    return [...new Set(others)]
      .filter(other => other !== text)
      .map(other => ({ modelDigest, text: other, form }))
      .filter(other => !this.#cache.has(keyOf(other)) && !this.#shared.has(keyOf(other)))
      .slice(0, batchSearchesMax - 1)
  }

  #startCall(query: QueryText, context: RequestContext, others: readonly QueryText[]): SharedCall {
    const queries = [query, ...others]
    const abandon = new AbortController()
    const flight: Flight = { abandon, waiters: 0, keys: queries.map(keyOf) }
    // No waiter allows longer.
    const deadline = Deadline.after(timeoutMsMax, { signal: abandon.signal })
    const outcomes = this.#ask(queries, context.with({ deadline }))
    const calls = queries.map((own, at): SharedCall => {
      const result = outcomes.then(all => this.#keep(own, all[at]!))
      // Nobody may be waiting for it.
      result.catch(() => undefined)
      const call = { result, flight, ahead: at > 0 }
      this.#shared.set(keyOf(own), call)
      return call
    })
    // What was encoded ahead is in the cache now, or is to be asked for again.
    const forgetAhead = () => this.#forget(flight, flight.keys.slice(1))
    outcomes.then(forgetAhead, forgetAhead)
    return calls[0]!
  }

  #startInterpreting(query: QueryText, context: RequestContext): SharedCall {
    const abandon = new AbortController()
    const key = piecesKeyOf(query)
    const deadline = Deadline.after(timeoutMsMax, { signal: abandon.signal })
    const asked = this.#encoder.encodeQuery({ ...query, interpret: true }, context.with({ deadline }))
    const result = asked.then(encoded => {
      const { interpretation, ...plain } = encoded
      // Nobody searches with the whole of a text that has pieces.
      if (interpretation?.pieces.length === 0) this.#keep(query, plain)
      return encoded
    })
    const call = { result, flight: { abandon, waiters: 0, keys: [key] }, ahead: false }
    this.#shared.set(key, call)
    return call
  }

  async #ask([query, ...others]: readonly QueryText[], context: RequestContext) {
    if (others.length === 0) return [await this.#encoder.encodeQuery(query!, context)]
    const { modelDigest, form } = query!
    const texts = [query!, ...others].map(({ text }) => text)
    return this.#encoder.encodeQueries({ modelDigest, texts, form }, context)
  }

  #keep(query: QueryText, outcome: EncodedQuery | HypershardError): EncodedQuery {
    if (outcome instanceof HypershardError) throw outcome
    const key = keyOf(query)
    if (!this.#cache.has(key)) this.#cache.set(key, outcome)
    return outcome
  }

  #endFlight(flight: Flight): void {
    this.#forget(flight, flight.keys)
    flight.abandon.abort(nobodyWaits)
  }

  #forget(flight: Flight, keys: readonly string[]): void {
    for (const key of keys) if (this.#shared.get(key)?.flight === flight) this.#shared.delete(key)
  }
}

/** By content, so that a long text costs no more than a short one. */
function keyOf(query: QueryText): string {
  return `${query.modelDigest}:${createHash('sha256').update(query.text).digest('base64')}`
}

/** Of a call that is asked for a text's pieces too. */
function piecesKeyOf(query: QueryText): string {
  return `pieces:${keyOf(query)}`
}

function bytesOf(encoded: EncodedQuery): number {
  return payloadBytes(encoded.payload) + entryOverheadBytes
}
