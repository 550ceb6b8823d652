import { processMetrics } from '@hypershard/service/metrics'
import { declaredMetrics } from '../../scripts/render-metrics-page.ts'
import { factsOf, type KnownSeries } from './promql.ts'
import { readRules } from './read-rules.ts'

/** What Prometheus itself says of each target. */
const ofPrometheus = ['up', 'scrape_duration_seconds']
/** Of prom-client's metrics, those that have labels. */
const labelsOfProcessMetrics: Readonly<Record<string, readonly string[]>> = { nodejs_gc_duration_seconds: ['kind'] }

/** Every series that a Prometheus with deploy/prometheus has: what processes declare, and what rules record of that. */
export function knownSeries(): KnownSeries {
  const declared = declaredMetrics.flatMap(({ metrics }) => metrics)
  const ofNode = processMetrics.map(metric => ({ ...metric, labels: labelsOfProcessMetrics[metric.name] ?? [] }))
  const series = new Map<string, readonly string[]>(ofPrometheus.map(name => [name, []]))
  for (const { name, kind, labels } of [...declared, ...ofNode]) {
    if (kind !== 'histogram') series.set(name, labels)
    else for (const [ending, more] of endings) series.set(`${name}_${ending}`, [...labels, ...more])
  }
  for (const { record, expr } of readRules().recordings) series.set(record, factsOf(expr, series).labels)
  return series
}

const endings: readonly (readonly [string, readonly string[]])[] = [
  ['bucket', ['le']],
  ['sum', []],
  ['count', []],
]
