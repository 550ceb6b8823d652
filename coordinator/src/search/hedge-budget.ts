/** Hedges of so many calls. */
const share = 0.05

/** Hedges that may be saved up: a server that stops has some calls under way at once. */
const savedMax = 10

/**
 * How many calls may be asked twice: a token bucket that every first call fills by a twentieth of a token and every
 * hedge takes one from. Of all calls since the start at most 5 % are hedged; over any window at most 5 % of its calls and
 * the ten that were saved up before it.
 */
export class HedgeBudget {
  /** In twentieths, so that it is counted in whole numbers. */
  #saved = 0

  /** A call was made that nobody had made before. */
  earn(): void {
    this.#saved = Math.min(savedMax / share, this.#saved + 1)
  }

  /** Whether there is one to spend, which is spent. */
  spend(): boolean {
    if (this.#saved < 1 / share) return false
    this.#saved -= 1 / share
    return true
  }

  /** 0 to 1: how much is saved of what can be. */
  get fill(): number {
    return (this.#saved * share) / savedMax
  }
}
