import { renderTable } from '../../render-table.ts'
import { loadTableRow, renderFindings } from '../render-load.ts'
import type { ClusterSizesReport } from './cluster-sizes-bench.ts'

/** Rows, what a loss did, bars and what was left out, for people. */
export function renderClusterSizes({ rows, losses, ...findings }: ClusterSizesReport): string {
  const lost = losses.map(({ errors, failed: _, ...row }) => ({ ...row, failed: JSON.stringify(errors) }))
  const tables = [rows.map(row => loadTableRow(row)), lost].filter(table => table.length > 0).map(renderTable)
  return [...tables, renderFindings(findings)].join('\n\n')
}
