import type { TopLevelSpec } from 'vega-lite'
import type { Measurement } from './measure/measurement.ts'

/** Median latency against rate, a line a target: its points are the numbers of clients. */
export function loadPlot(rows: readonly Measurement[]): TopLevelSpec {
  const panels: Readonly<Record<string, string>> = { new: 'new queries', repeated: 'repeated queries, with texts' }
  const values = rows
    .filter(({ part, p50Ms, clients }) => panels[part] !== undefined && p50Ms !== null && clients !== null)
    .map(({ part, target, queries, clients, qps, p50Ms }) => {
      const who = queries === 'repeated, kept' ? `${target}, answers kept` : target
      return { panel: panels[part], target: who, clients, qps, p50Ms }
    })
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: 'Whole requests: latency against rate, by the number of clients',
    data: { values },
    facet: { column: { field: 'panel', type: 'nominal', title: null } },
    resolve: { scale: { x: 'independent' } },
    config: { legend: { labelLimit: 400 } },
    spec: {
      width: 360,
      height: 300,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'qps', type: 'quantitative', scale: { type: 'log' }, title: 'requests answered a second' },
        y: { field: 'p50Ms', type: 'quantitative', scale: { type: 'log' }, title: 'median of a request, ms' },
        color: { field: 'target', type: 'nominal', title: null },
        shape: { field: 'target', type: 'nominal', title: null },
        order: { field: 'clients', type: 'quantitative' },
      },
    },
  }
}
