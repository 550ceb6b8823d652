import type { Clock } from '@hypershard/common'

export interface Quota {
  /** Units a second. */
  readonly rate: number
  /** Units at once, after a pause. */
  readonly burst: number
}

/**
 * Lets so many units a second pass, and a burst after a pause. A cost above the whole burst is let pass once the bucket
 * is full, and paid off afterwards: no search would otherwise cost too much to be ever made. That is also why the libraries
 * that count in windows do not serve here: a window forgets what was taken too much in the one before.
 *
 * In any time of t seconds, no more than burst + rate * t and one cost more passes.
 */
export class TokenBucket {
  readonly quota: Quota
  readonly #clock: Clock
  #units: number
  #atMs: number

  constructor(quota: Quota, clock: Clock) {
    this.quota = quota
    this.#clock = clock
    this.#units = quota.burst
    this.#atMs = clock.monotonicMs()
  }

  /**
   * Takes a cost if that can be.
   * @returns 0, or for how many milliseconds to wait before asking again
   */
  take(cost: number): number {
    const units = this.#refill()
    const needed = Math.min(cost, this.quota.burst)
    // A hair less is enough: fractions do not add up to the last bit.
    if (units < needed - needed * 1e-9) return Math.max(1, ((needed - units) / this.quota.rate) * 1_000)
    this.#units -= cost
    return 0
  }

  /** What was taken costs so much more, or less. */
  correct(by: number): void {
    this.#units = Math.min(this.quota.burst, this.#refill() - by)
  }

  /** What could be taken now; 0 while something is paid off. */
  get left(): number {
    return Math.max(0, this.#refill())
  }

  /** Until the bucket is full. */
  get secondsToFull(): number {
    return (this.quota.burst - this.#refill()) / this.quota.rate
  }

  #refill(): number {
    const nowMs = this.#clock.monotonicMs()
    this.#units = Math.min(this.quota.burst, this.#units + ((nowMs - this.#atMs) / 1_000) * this.quota.rate)
    this.#atMs = nowMs
    return this.#units
  }
}
