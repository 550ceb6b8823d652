/** A ratio with the interval that it lies in with 95 % confidence. */
export interface RatioWithInterval {
  readonly ratio: number
  readonly low: number
  readonly high: number
}

/** Of the normal distribution, 97.5 %. */
const z = 1.959964

/**
 * The median ratio of measurements that were made in pairs, one beside the other. It is the median of the means of all
 * two ratios, each with itself as well (Hodges and Lehmann), by logarithms: about as sharp as a mean, and one pair that went
 * wrong moves it little. The interval has the ratios that Wilcoxon's signed-rank test does not refuse, in its normal
 * approximation (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3.2 and 3.3); with fewer than six pairs
 * it is all that was seen.
 */
export function pairedRatio(pairs: readonly (readonly [ours: number, theirs: number])[]): RatioWithInterval {
  const logs = pairs.map(([ours, theirs]) => Math.log(ours / theirs))
  const means = logs.flatMap((log, at) => logs.slice(at).map(other => (log + other) / 2)).sort((a, b) => a - b)
  const { length: count } = logs
  const deviation = Math.sqrt((count * (count + 1) * (2 * count + 1)) / 24)
  // From each end so many are left out.
  const left = Math.max(0, Math.floor(means.length / 2 - z * deviation) - 1)
  const middle = (means[(means.length - 1) >> 1]! + means[means.length >> 1]!) / 2
  return {
    ratio: Math.exp(middle),
    low: Math.exp(means[left]!),
    high: Math.exp(means[means.length - 1 - left]!),
  }
}

/** Of two, so that neither is the base alone. */
export function middleOf(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, at) => Math.sqrt(value * others[at]!))
}
