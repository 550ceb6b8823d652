/** Of all calls, those that may be hedged, where nobody says otherwise. */
export const hedgePercentUsual = 5

/** Hedges that may be saved up: a server that stops has some calls under way at once. */
const savedMax = 10

/**
 * How many calls may be asked twice: a token bucket that every first call fills by a part of a token, usually a
 * twentieth, and every hedge takes one from. Of all calls since the start at most 5 % are hedged; over any window at most
 * 5 % of its calls and the ten that were saved up before it.
 */
export class HedgeBudget {
  readonly #percent: number
  /** In hundredths, so that it is counted in whole numbers. */
  #saved = 0

  /** @param percent a whole number; with 0 nothing is hedged */
  constructor(percent: number = hedgePercentUsual) {
    this.#percent = percent
  }

  /** A call was made that nobody had made before. */
  earn(): void {
    this.#saved = Math.min(savedMax * 100, this.#saved + this.#percent)
  }

  /** Whether there is one to spend, which is spent. */
  spend(): boolean {
    if (this.#saved < 100) return false
    this.#saved -= 100
    return true
  }

  /** 0 to 1: how much is saved of what can be. */
  get fill(): number {
    return this.#saved / (savedMax * 100)
  }
}
