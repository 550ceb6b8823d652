import { type Histogram, type Meter, only, quietMeter } from '@hypershard/common'
import { Hedging } from './hedging.ts'
import { fanOutMetrics } from './metrics.ts'

/** What a coordinator remembers from one fan-out to the next, and has counted since it started. */
export class FanOutRecord {
  readonly hedging: Hedging
  /** Calls that were made because another had failed. */
  retries = 0
  /** Every call once, whether it answered, failed, or was cancelled since nobody waited for it any more. */
  readonly callSeconds: Histogram<'reason' | 'result'>
  /** Uniform in [0, 1). */
  readonly random: () => number

  /** @param hedgePercent of the calls that may be made twice; as usual if left out */
  constructor(random: () => number = Math.random, hedgePercent?: number, meter: Meter = quietMeter) {
    this.random = random
    this.hedging = new Hedging(hedgePercent)
    this.callSeconds = meter.histogram(fanOutMetrics.callSeconds)
    const { counts, budget } = this.hedging
    meter.read(fanOutMetrics.hedges, () => only(counts.asked))
    meter.read(fanOutMetrics.hedgesWon, () => only(counts.won))
    meter.read(fanOutMetrics.hedgesRefused, () => only(counts.refusedByBudget))
    meter.read(fanOutMetrics.hedgeBudget, () => only(budget.fill))
    meter.read(fanOutMetrics.retries, () => only(this.retries))
  }
}
