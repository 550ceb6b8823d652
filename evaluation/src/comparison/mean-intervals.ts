import { randomWords } from '@hypershard/common/browser'
import type { JudgedRun } from '../metrics/judge-run.ts'

/** Where a mean lies with 95 % confidence. */
export interface Interval {
  readonly low: number
  readonly high: number
}

export interface IntervalOptions {
  /** How many times queries are drawn. */
  readonly resamples: number
  /** A whole number from 0 to 2^32 - 1. */
  readonly seed: number
}

/** The share of means outside the interval, half of it on each side. */
const outside = 0.05

/** The ends stand still within a fiftieth of the interval's length by then. */
const optionsDefault: IntervalOptions = { resamples: 10_000, seed: 1 }

/** Draws in all, so that a very large run is not worked on for minutes: 10,000 times up to 10,000 queries. */
const drawsMax = 100_000_000

/**
 * For each metric the 95 % confidence interval of its mean over queries such as these: the percentile bootstrap (Efron
 * 1979; for retrieval: Sakai, SIGIR 2006). As many queries as there are are drawn from them, with replacement, again and
 * again; the interval leaves out the smallest and the largest 2.5 % of the means. Values that are all equal have an
 * interval without length, and no interval leaves the range of the values.
 *
 * Costs a draw a query and resample, for all metrics together; fewer resamples where `drawsMax` says so.
 * @example
 * ```ts
 * const [nDCG] = meanIntervals(judgeRun(run, judgements, defaultMetrics))
 * console.log(nDCG?.low, nDCG?.high)
 * ```
 */
export function meanIntervals(
  { values, means }: Pick<JudgedRun, 'values' | 'means'>,
  options = optionsDefault,
): Interval[] {
  const rows = [...values.values()]
  const resamples = Math.max(1, Math.min(options.resamples, Math.floor(drawsMax / rows.length)))
  const nextWord = randomWords(options.seed)
  const drawn = means.map(() => new Float64Array(resamples))
  for (let resample = 0; resample < resamples; resample++) {
    const sums = new Float64Array(means.length)
    for (let draw = 0; draw < rows.length; draw++) {
      const row = rows[placeOf(nextWord(), rows.length)]!
      for (let metric = 0; metric < sums.length; metric++) sums[metric]! += row[metric]!
    }
    for (const [metric, sum] of sums.entries()) drawn[metric]![resample] = sum / rows.length
  }
  return drawn.map(ofMetric => {
    const sorted = ofMetric.sort()
    return { low: quantile(sorted, outside / 2), high: quantile(sorted, 1 - outside / 2) }
  })
}

/** A word of 32 bits as a place: every place as likely as another to 1 in 2^32 / count. */
function placeOf(word: number, count: number): number {
  return Math.floor(((word >>> 0) / 2 ** 32) * count)
}

/** The value that this share of the values lies below, between two of them where it falls there. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place))
}
