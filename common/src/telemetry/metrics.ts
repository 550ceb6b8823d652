/**
 * What a process counts and measures, named by Prometheus' conventions: base units, `_total` for what only grows
 * (https://prometheus.io/docs/practices/naming/). A package declares its metrics as values in a `metrics.ts` beside
 * the flow that they belong to; docs/metrics.md is generated from these declarations.
 */
export interface MetricDeclaration<Label extends string = string> {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** `hypershard_` and what it is, its unit last but for `_total`: `hypershard_search_seconds`. */
  readonly name: string
  /** One sentence: what it is, in words that an operator knows. */
  readonly help: string
  /** Names of labels. Each has few values that a cluster bounds: never a query, a document or a free text. */
  readonly labels: readonly Label[]
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[]
}

/** A value of each of a metric's labels. */
export type LabelValues<Label extends string> = Readonly<Record<Label, string>>

/** Something that only grows. */
export interface Counter<Label extends string> {
  add(labels: LabelValues<Label>, by?: number): void
}

/** How often values of which size came. */
export interface Histogram<Label extends string> {
  observe(labels: LabelValues<Label>, value: number): void
}

/** One value to be told now. */
export interface Reading<Label extends string> {
  readonly labels: LabelValues<Label>
  readonly value: number
}

/**
 * Where a process's metrics are kept. Each declaration is opened once.
 * @example
 * ```ts
 * const searches = meter.counter(searchMetrics.searches)
 * searches.add({ plan: 'auto', outcome: 'complete' })
 * meter.read(cacheMetrics.bytes, () => [{ labels: {}, value: cache.bytes }])
 * ```
 */
export interface Meter {
  counter<Label extends string>(declaration: MetricDeclaration<Label>): Counter<Label>
  histogram<Label extends string>(declaration: MetricDeclaration<Label>): Histogram<Label>
  /** Of a gauge, or of a counter that is kept elsewhere: it is read when somebody asks for the metrics. */
  read<Label extends string>(declaration: MetricDeclaration<Label>, read: () => Iterable<Reading<Label>>): void
}

/** Keeps the types of the labels' names. */
export function defineMetrics<const Metrics extends Readonly<Record<string, MetricDeclaration>>>(
  metrics: Metrics,
): Metrics {
  return metrics
}

/** Counts nothing: where metrics are off, and in tests. */
export const quietMeter: Meter = Object.freeze({
  counter: () => ({ add: () => {} }),
  histogram: () => ({ observe: () => {} }),
  read: () => {},
})
