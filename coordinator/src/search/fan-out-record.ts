import { Hedging } from './hedging.ts'

/** What a coordinator remembers from one fan-out to the next, and has counted since it started. */
export class FanOutRecord {
  readonly hedging: Hedging
  /** Calls that were made because another had failed. */
  retries = 0
  /** Uniform in [0, 1). */
  readonly random: () => number

  /** @param hedgePercent of the calls that may be made twice; as usual if left out */
  constructor(random: () => number = Math.random, hedgePercent?: number) {
    this.random = random
    this.hedging = new Hedging(hedgePercent)
  }
}
