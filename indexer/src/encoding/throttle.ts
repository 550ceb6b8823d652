import { type Clock, type Deadline, pauseWithin } from '@hypershard/common'

/** A rate that is asked for anew each time: it may change while work goes on. */
export class Throttle {
  readonly #clock: Clock
  readonly #rateOf: () => Promise<number | null>
  readonly #pause: typeof pauseWithin
  #nextAtMs = 0

  /**
   * @param rateOf documents a second; null for no limit
   * @param pause as the clock runs
   */
  constructor(clock: Clock, rateOf: () => Promise<number | null>, pause = pauseWithin) {
    this.#clock = clock
    this.#rateOf = rateOf
    this.#pause = pause
  }

  /**
   * Resolves when so many documents may be encoded.
   * @throws HypershardError `deadline_exceeded`, `cancelled`
   */
  async take(documents: number, deadline: Deadline): Promise<void> {
    const rate = await this.#rateOf()
    if (rate === null) return
    const nowMs = this.#clock.monotonicMs()
    const waitMs = Math.max(0, this.#nextAtMs - nowMs)
    this.#nextAtMs = Math.max(nowMs, this.#nextAtMs) + (documents / rate) * 1000
    if (waitMs > 0) await this.#pause(waitMs, deadline, 'waiting as throttled')
  }
}
