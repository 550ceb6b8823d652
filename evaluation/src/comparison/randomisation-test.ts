import { randomWords } from '@hypershard/common/browser'

export interface RandomisationOptions {
  /** How many random assignments of signs, where not all are counted. */
  readonly permutations: number
  /** A whole number from 0 to 2^32 - 1. */
  readonly seed: number
}

export interface RandomisationResult {
  /** Two-sided. */
  readonly pValue: number
  /** Whether every assignment of signs was counted; then the seed plays no part. */
  readonly exact: boolean
}

/** Up to this many differences all 2^n assignments are counted: 65,536, fewer than the random ones by default. */
export const exactDifferencesMax = 16

/**
 * Fisher's paired randomisation test of the mean difference (Fisher 1935; for retrieval: Smucker, Allan and Carterette,
 * CIKM 2007). If both systems were alike, each query's difference could as well have had the other sign; the p-value is
 * the share of sign assignments whose sum is at least as far from 0 as the one observed. Of random assignments, the
 * observed one counts as one more, so that no p-value is 0 (Phipson and Smyth, 2010).
 *
 * Costs one table look-up for eight differences and permutation.
 * @param differences one a query; zeros change nothing
 * @example
 * ```ts
 * randomisationTest([0.1, 0.2, -0.05], { permutations: 10_000, seed: 0 }) // { pValue: 0.5, exact: true }
 * ```
 */
export function randomisationTest(
  differences: readonly number[],
  { permutations, seed }: RandomisationOptions,
): RandomisationResult {
  const changed = differences.filter(difference => difference !== 0)
  const sums = new SignedSums(changed)
  // Sums of the same numbers in other orders differ by rounding: 7,000 terms by less than 1e-12 of their sizes' sum.
  const tolerance = 1e-11 * changed.reduce((sum, difference) => sum + Math.abs(difference), 0)
  const least = Math.abs(changed.reduce((sum, difference) => sum + difference, 0)) - tolerance
  if (changed.length <= exactDifferencesMax) {
    const assignments = 2 ** changed.length
    return { pValue: sums.countFar(least, assignments, countingWords()) / assignments, exact: true }
  }
  const far = sums.countFar(least, permutations, randomWords(seed))
  return { pValue: (far + 1) / (permutations + 1), exact: false }
}

/** 0, 1, 2, …: as signs, every assignment of up to 32 of them once. */
function countingWords(): () => number {
  let next = 0
  return () => next++
}

/** The sums of some numbers under assignments of signs, eight numbers at a time. */
class SignedSums {
  /** For each group of eight numbers, its sum under each of the 256 assignments; a bit that is set means minus. */
  readonly #tables: readonly Float64Array[]

  constructor(numbers: readonly number[]) {
    const groups = Math.ceil(numbers.length / 8)
    this.#tables = Array.from({ length: groups }, (_, group) => tableOf(numbers.slice(8 * group, 8 * group + 8)))
  }

  /** How many of `assignments` give a sum at least `least` from 0. A word assigns 32 signs, lowest bit first. */
  countFar(least: number, assignments: number, nextWord: () => number): number {
    let far = 0
    for (let assignment = 0; assignment < assignments; assignment++) {
      let sum = 0
      let word = 0
      for (let group = 0; group < this.#tables.length; group++) {
        word = (group & 3) === 0 ? nextWord() : word >>> 8
        sum += this.#tables[group]![word & 0xff]!
      }
      if (Math.abs(sum) >= least) far++
    }
    return far
  }
}

function tableOf(numbers: readonly number[]): Float64Array {
  return Float64Array.from({ length: 256 }, (_, signs) =>
    numbers.reduce((sum, number, at) => ((signs >> at) & 1 ? sum - number : sum + number), 0),
  )
}
