/** Rows of one shape as an aligned table; numbers to the right, with four significant digits. */
export function renderTable(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const headings = Object.keys(rows[0] ?? {})
  const lines = [headings, ...rows.map(row => headings.map(heading => cell(row[heading])))]
  const widths = headings.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  const isNumber = headings.map(heading => typeof rows[0]?.[heading] === 'number')
  return lines
    .map(line =>
      line.map((text, at) => (isNumber[at] ? text.padStart(widths[at]!) : text.padEnd(widths[at]!))).join('  '),
    )
    .join('\n')
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value !== 'number') return String(value)
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}
