import { isIPv6 } from 'node:net'
import { type Clock, HypershardError, type Logger } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import { TokenBucket } from './token-bucket.ts'

/** Keys that are not valid, of one network: a hundred at once, five a second after. */
const quota = { rate: 5, burst: 100 }

const networksMax = 10_000

/** The first four groups of an IPv6 address are a network; whoever has one has 2^64 addresses to send from. */
const networkGroups = 4

/**
 * Who is counted as one: an IPv4 address, also where a socket for both writes it as IPv6, or a /64 of IPv6.
 * @param address as sockets have it, perhaps with a zone (`fe80::1%eth0`)
 */
export function networkOf(address: string): string {
  const [plain = '', zone] = address.split('%')
  if (!isIPv6(plain)) return address
  const groups = groupsOf(plain)
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff
  if (isMapped) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  const network = groups.slice(0, networkGroups).map(group => group.toString(16))
  return `${network.join(':')}::/64${zone === undefined ? '' : `%${zone}`}`
}

/** The eight of an IPv6 address, `::` filled in and an IPv4 address at its end read. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number]
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = [], tail = []] = hex.split('::').map(side => (side === '' ? [] : side.split(':')))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].map(group => Number.parseInt(group, 16))
}

/**
 * Bounds what a network costs that tries keys: what it is told, and lines of the log. A valid key is served from
 * there all the same, since others may come by the same proxy. It does not keep anybody from guessing: 192 bits do.
 */
export class FailedAttempts {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: networksMax })

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** One that came without a valid key. @returns what to answer: that, or that there were too many */
  count(error: HypershardError, address: string): HypershardError {
    const network = networkOf(address)
    const bucket = this.#bucketOf(network)
    const waitMs = Math.ceil(bucket.take(1))
    if (waitMs === 0) {
      this.#log.warn({ address, reason: error.message }, 'request without a valid key')
      return error
    }
    const message = `too many API keys that are not valid come from ${network}; try again in ${waitMs} ms`
    return new HypershardError('rate_limited', message, { details: { retry_after_ms: waitMs } })
  }

  #bucketOf(network: string): TokenBucket {
    const known = this.#buckets.get(network)
    if (known !== undefined) return known
    const bucket = new TokenBucket(quota, this.#clock)
    this.#buckets.set(network, bucket)
    return bucket
  }
}
