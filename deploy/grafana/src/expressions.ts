/** A metric, with what is selected of it: `hypershard_searches_total{plan="exact"}`. */
type Selector = string

/** How much a counter grows a second, added up by labels. */
export function perSecond(counter: Selector, ...by: readonly string[]): string {
  return `sum${clause(by)} (rate(${counter}[$__rate_interval]))`
}

/** What share of a histogram's values lies below what is drawn: 0.99 gives the p99. */
export function quantile(share: number, histogram: Selector, ...by: readonly string[]): string {
  return `histogram_quantile(${share}, ${perSecond(bucketsOf(histogram), 'le', ...by)})`
}

/** The mean of a histogram's values. */
export function mean(histogram: string, ...by: readonly string[]): string {
  return `${perSecond(`${histogram}_sum`, ...by)} / (${perSecond(`${histogram}_count`, ...by)} > 0)`
}

/** A gauge, added up by labels over all processes. */
export function sum(gauge: Selector, ...by: readonly string[]): string {
  return `sum${clause(by)} (${gauge})`
}

/** A gauge that several processes tell of the same: the highest value. */
export function highest(gauge: Selector, ...by: readonly string[]): string {
  return `max${clause(by)} (${gauge})`
}

/** The p50, p95 and p99 of a histogram. */
export function percentiles(histogram: Selector): [string, string][] {
  return [0.5, 0.95, 0.99].map(share => [quantile(share, histogram), `p${share * 100}`])
}

function clause(by: readonly string[]): string {
  return by.length === 0 ? '' : ` by (${by.join(', ')})`
}

/** `x_seconds{a="b"}` has its buckets at `x_seconds_bucket{a="b"}`. */
function bucketsOf(histogram: Selector): string {
  return histogram.replace(/^\w+/, '$&_bucket')
}
