import { createHash } from 'node:crypto'
import { Deadline, HitCounts, type RequestContext, waitWithin } from '@hypershard/common'
import { timeoutMsMax } from '@hypershard/proto/limits'
import { LRUCache } from 'lru-cache'
import type { EncodedQuery, EncoderPort } from '../ports.ts'
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

/** An encoder call that several searches of the same text may be waiting for. */
interface SharedCall {
  readonly result: Promise<EncodedQuery>
  readonly abandon: AbortController
  waiters: number
}

/** Why a call is given up, also one that has ended: made for each, it would be an error with its stack. */
const nobodyWaits = 'nobody waits for it any more'

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

  /** @throws HypershardError of the encoder, or `deadline_exceeded` or `cancelled` */
  async encode(query: QueryText, context: RequestContext): Promise<EncodedTextAndOrigin> {
    const key = keyOf(query)
    const known = this.counts.note(this.#cache.get(key))
    if (known !== undefined) return { ...known, cached: true }
    const call = this.#shared.get(key) ?? this.#startCall(key, query, context)
    call.waiters++
    try {
      return { ...(await waitWithin(call.result, context.deadline, 'encoding the query')), cached: false }
    } finally {
      call.waiters--
      if (call.waiters === 0) this.#endCall(key, call)
    }
  }

  /** Forgets a query that was encoded in this form. */
  forget(query: QueryText): void {
    const key = keyOf(query)
    const known = this.#cache.peek(key)
    if (known === undefined || isTokenStates(known.payload) !== (query.form === 'tokenStates')) return
    this.#cache.delete(key)
  }

  #startCall(key: string, query: QueryText, context: RequestContext): SharedCall {
    const abandon = new AbortController()
    // No waiter allows longer.
    const deadline = Deadline.after(timeoutMsMax, { signal: abandon.signal })
    const result = this.#encoder.encodeQuery(query, context.with({ deadline })).then(encoded => {
      if (!this.#cache.has(key)) this.#cache.set(key, encoded)
      return encoded
    })
    const call: SharedCall = { result, abandon, waiters: 0 }
    this.#shared.set(key, call)
    return call
  }

  #endCall(key: string, call: SharedCall): void {
    if (this.#shared.get(key) === call) this.#shared.delete(key)
    call.abandon.abort(nobodyWaits)
  }
}

/** By content, so that a long text costs no more than a short one. */
function keyOf(query: QueryText): string {
  return `${query.modelDigest}:${createHash('sha256').update(query.text).digest('base64')}`
}

function bytesOf(encoded: EncodedQuery): number {
  return payloadBytes(encoded.payload) + entryOverheadBytes
}
