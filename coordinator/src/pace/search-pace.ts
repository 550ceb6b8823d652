import { type Clock, systemClock } from '@hypershard/common'

/** How long a search counts. */
const windowMs = 15_000

/** Searches kept; more than these a window would only blur. */
const samplesMax = 10_000

/** With fewer searches than this there is no p99. */
const samplesMin = 20

/** How long the searches of the last seconds took. */
export class SearchPace {
  readonly #clock: Clock
  #samples: { readonly atMs: number; readonly tookMs: number }[] = []

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  note(tookMs: number): void {
    this.#samples.push({ atMs: this.#clock.monotonicMs(), tookMs })
    if (this.#samples.length > samplesMax) this.#samples.shift()
  }

  /** The time that 99 of 100 searches stay below, in milliseconds; undefined when there were too few. */
  p99Ms(): number | undefined {
    const since = this.#clock.monotonicMs() - windowMs
    this.#samples = this.#samples.filter(({ atMs }) => atMs >= since)
    if (this.#samples.length < samplesMin) return undefined
    const sorted = this.#samples.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]
  }
}
