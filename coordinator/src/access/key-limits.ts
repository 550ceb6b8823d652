import { type KeyRecord, keysMax } from '@hypershard/access'
import { type Clock, HypershardError } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import { TokenBucket } from './token-bucket.ts'

/** What of a key's limits is in use, in this coordinator. */
interface Buckets {
  /** As the key had them: a key that is given other limits begins anew. */
  readonly of: string
  readonly requests: TokenBucket | undefined
  /** In gigaflops. */
  readonly scoring: TokenBucket | undefined
}

/** Fields of the answer: draft-ietf-httpapi-ratelimit-headers-10. */
export type LimitFields = Readonly<Record<string, string>>

/** How much each key has used of its limits. Each coordinator counts for itself. */
export class KeyLimits {
  readonly #clock: Clock
  readonly #buckets = new LRUCache<string, Buckets>({ max: keysMax })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws HypershardError `rate_limited` */
  takeRequest(key: KeyRecord): void {
    const { requests } = this.#of(key)
    const waitMs = requests?.take(1) ?? 0
    if (waitMs > 0) throw limited(key, `${requests!.quota.rate} requests a second`, waitMs)
  }

  /**
   * Takes what a search is expected to cost.
   * @returns which is told what it has really cost
   * @throws HypershardError `rate_limited`
   */
  takeScoring(key: KeyRecord, gigaflops: number): (gigaflopsReally: number) => void {
    const { scoring } = this.#of(key)
    if (scoring === undefined) return () => undefined
    const waitMs = scoring.take(gigaflops)
    if (waitMs > 0) throw limited(key, `${scoring.quota.rate} gigaflops of scoring a second`, waitMs)
    return really => scoring.correct(really - gigaflops)
  }

  fieldsOf(key: KeyRecord): LimitFields {
    const { requests, scoring } = this.#of(key)
    const all = [
      { name: 'requests', bucket: requests },
      { name: 'scoring-gigaflops', bucket: scoring },
    ].flatMap(({ name, bucket }) => (bucket === undefined ? [] : [fieldsOf(name, bucket)]))
    if (all.length === 0) return {}
    return {
      'ratelimit-policy': all.map(({ policy }) => policy).join(', '),
      ratelimit: all.map(({ state }) => state).join(', '),
    }
  }

  #of({ id, limits = {} }: KeyRecord): Buckets {
    const of = JSON.stringify(limits)
    const known = this.#buckets.get(id)
    if (known?.of === of) return known
    const { requests_per_second: requests, gigaflops_per_second: scoring } = limits
    const buckets = {
      of,
      requests: requests === undefined ? undefined : this.#bucket(requests, Math.max(1, requests)),
      scoring: scoring === undefined ? undefined : this.#bucket(scoring, scoring),
    }
    this.#buckets.set(id, buckets)
    return buckets
  }

  #bucket(rate: number, burst: number): TokenBucket {
    return new TokenBucket({ rate, burst }, this.#clock)
  }
}

function fieldsOf(name: string, bucket: TokenBucket): { policy: string; state: string } {
  const { rate, burst } = bucket.quota
  return {
    policy: `"${name}";q=${Math.ceil(burst)};w=${Math.max(1, Math.ceil(burst / rate))}`,
    state: `"${name}";r=${Math.floor(bucket.left)};t=${Math.ceil(bucket.secondsToFull)}`,
  }
}

function limited({ id, name }: KeyRecord, limit: string, waitMs: number): HypershardError {
  const retryAfterMs = Math.ceil(waitMs)
  const message = `key ${id} (${JSON.stringify(name)}) has used up its ${limit}; try again in ${retryAfterMs} ms`
  return new HypershardError('rate_limited', message, { details: { retry_after_ms: retryAfterMs, limit } })
}
