import { type Clock, HypershardError, type Logger } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import { TokenBucket } from './token-bucket.ts'

/** Keys that are not valid, of one address: a hundred at once, five a second after. */
const quota = { rate: 5, burst: 100 }

const addressesMax = 10_000

/**
 * Bounds what an address costs that tries keys: what it is told, and lines of the log. A valid key is served from
 * there all the same, since others may come by the same proxy. It does not keep anybody from guessing: 192 bits do.
 */
export class FailedAttempts {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: addressesMax })

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** One that came without a valid key. @returns what to answer: that, or that there were too many */
  count(error: HypershardError, address: string): HypershardError {
    const bucket = this.#bucketOf(address)
    const waitMs = Math.ceil(bucket.take(1))
    if (waitMs === 0) {
      this.#log.warn({ address, reason: error.message }, 'request without a valid key')
      return error
    }
    const message = `too many API keys that are not valid come from ${address}; try again in ${waitMs} ms`
    return new HypershardError('rate_limited', message, { details: { retry_after_ms: waitMs } })
  }

  #bucketOf(address: string): TokenBucket {
    const known = this.#buckets.get(address)
    if (known !== undefined) return known
    const bucket = new TokenBucket(quota, this.#clock)
    this.#buckets.set(address, bucket)
    return bucket
  }
}
