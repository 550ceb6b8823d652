import type { Deadline } from '@hypershard/common'

/** Of the time that is left when enough was searched: how much of it is waited in any case, and at most. */
const waitShare = { min: 0.1, max: 1 }

/** In documents. */
export interface Progress {
  readonly eligible: number
  readonly covered: number
  /** Of shards that no server has answered or failed for. */
  readonly pending: number
}

/**
 * How long stragglers are waited for once `min_coverage` is reached: Vespa's adaptive coverage
 * (`AdaptiveTimeoutHandler`; min- and max-wait-after-coverage-factor), in documents instead of nodes. Of the time that
 * was left when enough was searched, the share that is waited grows with what is still missing of what may be missing;
 * each answer makes it shorter, none longer. With a `min_coverage` of 1 nothing is given up before the deadline.
 */
export class Lateness {
  readonly #minCoverage: number
  /** Time that was left when enough was searched. */
  #leftMs: number | undefined
  #endMs = Number.POSITIVE_INFINITY

  constructor(minCoverage: number) {
    this.#minCoverage = minCoverage
  }

  /** From now; undefined while all are waited for until the deadline. To be asked after every answer. */
  waitMs({ eligible, covered, pending }: Progress, deadline: Deadline): number | undefined {
    if (pending === 0 || covered / eligible < this.#minCoverage) return undefined
    this.#leftMs ??= deadline.remainingMs
    const missing = Math.min(1, pending / ((1 - this.#minCoverage) * eligible))
    const nowMs = deadline.clock.monotonicMs()
    const patienceMs = this.#leftMs * (waitShare.min + (waitShare.max - waitShare.min) * missing)
    this.#endMs = Math.min(this.#endMs, nowMs + patienceMs)
    return Math.max(0, this.#endMs - nowMs)
  }
}
