import { renderFindings } from '../load/render-load.ts'
import { renderTable } from '../render-table.ts'
import type { ElasticReport } from './elastic-bench.ts'

/** Windows, figures, bars and what was left out, for people. */
export function renderElastic({ rows, wrongAnswers, ...findings }: ElasticReport): string {
  const errorsOf = (errors: Readonly<Record<string, number>>) =>
    Object.entries(errors)
      .map(([code, count]) => `${count} ${code}`)
      .join(' ') || '0'
  const tables = [renderTable(rows.map(({ errors, failed: _, ...row }) => ({ ...row, failed: errorsOf(errors) })))]
  tables.push(...wrongAnswers.map(message => `wrong answer: ${message}`))
  return [...tables, renderFindings(findings)].join('\n\n')
}
