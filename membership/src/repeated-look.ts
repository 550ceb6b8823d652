import { type Clock, pauseBy } from '@hypershard/common'

/** However often a look is asked for, the next begins so long after the last, unless they are this frequent anyhow. */
const soonestMsMin = 500

interface RepeatedLookOptions {
  /** One look. It must not reject, and ends by itself when it takes too long. */
  readonly look: () => Promise<void>
  readonly everyMs: number
  readonly clock: Clock
}

/** Looks now, then at each interval, and sooner when asked to: one look at a time. */
export class RepeatedLook {
  readonly #options: RepeatedLookOptions
  readonly #closed = new AbortController()
  #wake = new AbortController()

  constructor(options: RepeatedLookOptions) {
    this.#options = options
    void this.#run()
  }

  /** The next look is due as soon as it may be. */
  soon(): void {
    this.#wake.abort()
  }

  close(): void {
    this.#closed.abort()
  }

  async #run(): Promise<void> {
    const { look, everyMs } = this.#options
    const soonestMs = Math.min(soonestMsMin, everyMs)
    while (!this.#closed.signal.aborted) {
      await look()
      // Who asks during the look asks for another: this one may have begun before what they know of.
      await this.#pause(soonestMs, [this.#closed.signal])
      await this.#pause(everyMs - soonestMs, [this.#closed.signal, this.#wake.signal])
      this.#wake = new AbortController()
    }
  }

  #pause(ms: number, signals: AbortSignal[]): Promise<void> {
    // Rejects when it is to look or to end, which the loop sees for itself.
    return pauseBy(this.#options.clock, ms, AbortSignal.any(signals)).catch(() => undefined)
  }
}
