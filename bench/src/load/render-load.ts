import { renderTable } from '../render-table.ts'
import { countOfClients } from './bars.ts'
import type { LoadReport } from './load-bench.ts'
import type { Measurement } from './measure/measurement.ts'

/** Rows, bars and what was left out, for people. */
export function renderLoad({ rows, ...findings }: LoadReport): string {
  return [renderTable(rows.map(loadTableRow)), renderFindings(findings)].join('\n\n')
}

/** Figures, bars and what was left out. */
export function renderFindings({ figures, bars, skipped }: Pick<LoadReport, 'figures' | 'bars' | 'skipped'>): string {
  const tables: string[] = []
  if (figures.length > 0) tables.push(renderTable(figures.map(({ name, value }) => ({ figure: name, value }))))
  if (bars.length > 0) tables.push(renderTable(bars.map(({ met, ...bar }) => ({ ...bar, met: met ? 'yes' : 'NO' }))))
  if (skipped.length > 0) tables.push(skipped.map(({ what, why }) => `left out: ${what}, ${why}`).join('\n'))
  return tables.join('\n\n')
}

export function loadTableRow(row: Measurement): Record<string, unknown> {
  const cpuOf = (begins: string) => {
    const processes = Object.entries(row.cpuMs).filter(([name]) => name.startsWith(begins))
    return processes.length === 0 ? null : processes.reduce((sum, [, { main, threads }]) => sum + main + threads, 0)
  }
  const between =
    row.internalBytes === null ? null : Object.entries(row.internalBytes).filter(([name]) => name.startsWith('shard-'))
  return {
    part: row.part,
    target: row.target,
    documents: row.documents,
    plan: row.plan,
    queries: row.queries,
    texts: row.texts ? 'yes' : 'no',
    load: row.clients === null ? `${row.perSecond?.toFixed(1)} a second` : countOfClients(row.clients),
    qps: row.qps,
    p50Ms: row.p50Ms,
    p95Ms: row.p95Ms,
    p99Ms: row.p99Ms,
    failed:
      Object.entries(row.errors)
        .map(([code, count]) => `${count} ${code}`)
        .join(' ') || '0',
    'cpu ms: coordinator': cpuOf('coordinator'),
    encoder: cpuOf('encoder'),
    shards: cpuOf('shard-'),
    indexer: cpuOf('indexer'),
    chroma: cpuOf('chroma'),
    client: row.clientCpuMs,
    'bytes: sent': row.sentBytes,
    received: row.receivedBytes,
    'to shards': between?.reduce((sum, [, bytes]) => sum + bytes.toServer, 0),
    'from shards': between?.reduce((sum, [, bytes]) => sum + bytes.fromServer, 0),
  }
}
