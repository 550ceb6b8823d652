import { type Clock, type Deadline, pauseWithin } from '@hypershard/common'

/** Documents a second; null for no limit. */
export type RateOf = () => Promise<number | null>

/** How long a wait lasts before the rate is asked for again: with a low one it may be minutes long. */
const askAgainMs = 1_000

/** Sums of fractions miss a whole number by less than this. */
const roundingOff = 1e-6

/** A rate that all who take from it have together. It may change while they wait. */
export class Throttle {
  readonly #clock: Clock
  readonly #pause: typeof pauseWithin
  /** Documents that were ever asked for. */
  #taken = 0
  /** So many of them may be encoded by now. */
  #allowed = 0
  #atMs = 0

  /** @param pause as the clock runs */
  constructor(clock: Clock, pause = pauseWithin) {
    this.#clock = clock
    this.#pause = pause
  }

  /**
   * Resolves when so many documents may be encoded.
   * @param rateOf asked for anew about once a second
   * @param onWait called before each of these waits
   * @throws HypershardError `deadline_exceeded`, `cancelled`
   */
  async take(documents: number, deadline: Deadline, rateOf: RateOf, onWait = () => {}): Promise<void> {
    let rate = await rateOf()
    this.#goOn(rate)
    const place = this.#taken
    this.#taken += documents
    // What is let through without a limit holds nobody up once there is one again.
    if (rate === null) this.#allowed = this.#taken
    try {
      while (rate !== null && this.#allowed < place - roundingOff) {
        const waitMs = ((place - this.#allowed) / rate) * 1000
        onWait()
        await this.#pause(Math.min(waitMs, askAgainMs), deadline, 'waiting as throttled')
        rate = await rateOf()
        this.#goOn(rate)
      }
    } catch (error) {
      // Those behind it need not wait for what is not encoded.
      this.#allowed += documents
      throw error
    }
  }

  /** What was not asked for in time is lost: nobody may catch up on it later. */
  #goOn(rate: number | null): void {
    const nowMs = this.#clock.monotonicMs()
    const more = rate === null ? Number.POSITIVE_INFINITY : (rate * (nowMs - this.#atMs)) / 1000
    this.#allowed = Math.min(this.#taken, this.#allowed + more)
    this.#atMs = nowMs
  }
}
