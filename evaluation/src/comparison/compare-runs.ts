import type { JudgedRun } from '../metrics/judge-run.ts'
import { type RandomisationOptions, randomisationTest } from './randomisation-test.ts'

/** One metric of two runs over the same queries; differences are the run minus the other. */
export interface MetricComparison {
  readonly mean: number
  readonly otherMean: number
  readonly difference: number
  /** The difference as a share of the other's mean; null where that is 0. */
  readonly relativeDifference: number | null
  /** Of a two-sided paired randomisation test. */
  readonly pValue: number
  readonly exact: boolean
  /** Queries for which the run is better, the same, and worse. */
  readonly wins: number
  readonly ties: number
  readonly losses: number
}

/** What differs by less than this differs by rounding, and is a tie. */
const roundingMax = 1e-12

/** The difference between two values of a metric, 0 where only rounding differs. */
export function metricDifference(value: number, other: number): number {
  const difference = value - other
  return Math.abs(difference) <= roundingMax ? 0 : difference
}

/**
 * Compares two runs that were judged by the same judgements with the same metrics. Each metric's test starts from the
 * seed anew: its p-value does not depend on which other metrics are asked for.
 * @example
 * ```ts
 * const [nDCG] = compareRuns(judged, baseline, { permutations: 100_000, seed: 0 })
 * console.log(nDCG?.difference, nDCG?.pValue)
 * ```
 */
export function compareRuns(run: JudgedRun, other: JudgedRun, options: RandomisationOptions): MetricComparison[] {
  return run.means.map((mean, at) => {
    const differences = [...run.values].map(([query, values]) =>
      metricDifference(values[at]!, other.values.get(query)![at]!),
    )
    const otherMean = other.means[at]!
    const difference = metricDifference(mean, otherMean)
    const wins = differences.filter(value => value > 0).length
    const losses = differences.filter(value => value < 0).length
    return {
      mean,
      otherMean,
      difference,
      relativeDifference: otherMean === 0 ? null : difference / otherMean,
      ...randomisationTest(differences, options),
      wins,
      ties: differences.length - wins - losses,
      losses,
    }
  })
}
