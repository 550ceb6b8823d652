import type { FacetAnswer } from '@hypershard/contract'
import { formatCount } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'
import { boldHeading } from './bold-heading.ts'

/** A table a facet, and below it how many values it leaves out. */
export function renderFacets(facets: readonly FacetAnswer[], output: Output): string[] {
  return facets.flatMap(({ field, values, distinct }) => {
    const table = renderTable(
      [
        { title: field, flexible: true },
        { title: 'documents', align: 'right' },
      ],
      values.map(({ value, count }) => [`${value}`, formatCount(count)]),
      output.columns,
    )
    const left = distinct - values.length
    return ['', ...boldHeading(table, output), ...(left > 0 ? [output.style('dim', `${formatCount(left)} more`)] : [])]
  })
}
