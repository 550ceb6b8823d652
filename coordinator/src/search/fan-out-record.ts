import { Hedging } from './hedging.ts'

/** What a coordinator remembers from one fan-out to the next, and has counted since it started. */
export class FanOutRecord {
  readonly hedging = new Hedging()
  /** Calls that were made because another had failed. */
  retries = 0
  /** Uniform in [0, 1). */
  readonly random: () => number

  constructor(random: () => number = Math.random) {
    this.random = random
  }
}
