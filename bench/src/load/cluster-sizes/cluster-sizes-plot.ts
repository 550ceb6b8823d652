import type { TopLevelSpec } from 'vega-lite'
import type { LossRow } from './cluster-sizes-run.ts'

/** Rate and latency before, while and after a server is lost, a panel a kind of query. */
export function clusterSizesPlot(losses: readonly LossRow[]): TopLevelSpec {
  const figures = [
    ['qps', 'answers a second'],
    ['p50Ms', 'p50, ms'],
    ['p99Ms', 'p99, ms'],
  ] as const
  const values = losses.flatMap(row =>
    figures.map(([field, figure]) => ({
      figure,
      value: row[field],
      window: row.window,
      servers: `${row.shardServers} shard servers`,
      queries: `${row.queries} queries`,
    })),
  )
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: 'A shard server killed for good, two copies of each shard',
    data: { values },
    facet: {
      column: { field: 'figure', type: 'nominal', title: null, sort: figures.map(([, figure]) => figure) },
      row: { field: 'queries', type: 'nominal', title: null },
    },
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 220,
      height: 160,
      mark: 'bar',
      encoding: {
        x: { field: 'window', type: 'nominal', title: null, sort: ['before', 'first seconds', 'during', 'after'] },
        xOffset: { field: 'servers', type: 'nominal' },
        y: { field: 'value', type: 'quantitative', title: null },
        color: { field: 'servers', type: 'nominal', title: null },
      },
    },
  }
}
