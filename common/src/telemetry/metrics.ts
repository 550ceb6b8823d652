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

export type Readings<Label extends string> = Iterable<Reading<Label>> | Promise<Iterable<Reading<Label>>>

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
  /** Whether anything is counted now, which may change: what would take work to count need not be counted otherwise. */
  readonly counting: boolean
  counter<Label extends string>(declaration: MetricDeclaration<Label>): Counter<Label>
  histogram<Label extends string>(declaration: MetricDeclaration<Label>): Histogram<Label>
  /**
   * Of a gauge, or of a counter that is kept elsewhere: it is read when somebody asks for the metrics. What fails, or takes
   * longer than a second, is left out that time.
   */
  read<Label extends string>(declaration: MetricDeclaration<Label>, read: () => Readings<Label>): void
}

/** For what has no labels. */
export const unlabelled: LabelValues<never> = Object.freeze({})

/** The reading of a value that has no labels; none while there is no value. */
export function only(value: number | undefined): Reading<never>[] {
  return value === undefined ? [] : [{ labels: unlabelled, value }]
}

/** A reading for each value of the one label that a metric has. */
export function byLabel<Label extends string>(
  label: Label,
  values: Readonly<Record<string, number>>,
): Reading<Label>[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name } as LabelValues<Label>, value }))
}

/** Keeps the types of the labels' names. */
export function defineMetrics<const Metrics extends Readonly<Record<string, MetricDeclaration>>>(
  metrics: Metrics,
): Metrics {
  return metrics
}

/** Never counts anything: where metrics are off for good, and in tests. */
export const quietMeter: Meter = Object.freeze({
  counting: false,
  counter: () => ({ add: () => {} }),
  histogram: () => ({ observe: () => {} }),
  read: () => {},
})
