import { pad, shorten, toPlainLine, widthOf, wrap } from './fit-text.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Whether this column gives way first when the table is too wide. */
  readonly flexible?: boolean
}

const gap = '  '
/** Flexible columns keep this much before the others must give way too. */
const flexibleWidthMin = 8

/**
 * A table without borders: its heading, then a line a row. Cells that do not fit are shortened; every line fits into
 * `width` as long as that leaves each column one character.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const lines = [columns.map(column => column.title), ...rows.map(row => row.map(toPlainLine))]
  const widths = fitWidths(columns, naturalWidths(columns, lines), width)
  return lines.map(cells => renderLine(columns, cells, widths))
}

function renderLine(columns: readonly Column[], cells: readonly string[], widths: readonly number[]): string {
  const padded = columns.map((column, at) => {
    const columnWidth = widths[at] ?? 0
    return pad(shorten(cells[at] ?? '', columnWidth), columnWidth, column.align)
  })
  return padded.join(gap).trimEnd()
}

function naturalWidths(columns: readonly Column[], lines: readonly (readonly string[])[]): number[] {
  return columns.map((_, at) => lines.reduce((widest, cells) => Math.max(widest, widthOf(cells[at] ?? '')), 1))
}

/** Takes columns from the widest flexible one until the table fits, then from the widest of all. */
function fitWidths(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  const available = Math.max(columns.length, width - gap.length * (columns.length - 1))
  let excess = widths.reduce((sum, columnWidth) => sum + columnWidth, 0) - available
  for (; excess > 0; excess--) {
    const flexible = widest(widths, at => columns[at]?.flexible === true && widths[at]! > flexibleWidthMin)
    const at = flexible ?? widest(widths, () => true)
    if (at !== undefined) widths[at]! -= 1
  }
  return widths
}

function widest(widths: readonly number[], may: (at: number) => boolean): number | undefined {
  let found: number | undefined
  widths.forEach((columnWidth, at) => {
    if (may(at) && (found === undefined || columnWidth > widths[found]!)) found = at
  })
  return found
}

/** Names and values, the values aligned; those that do not fit go on below themselves. */
export function renderPairs(pairs: readonly (readonly [string, string])[], width: number): string[] {
  const nameWidth = Math.max(...pairs.map(([name]) => widthOf(name)))
  const valueWidth = Math.max(1, width - nameWidth - gap.length)
  return pairs.flatMap(([name, value]) => {
    const lines = wrap(toPlainLine(value), valueWidth, Number.POSITIVE_INFINITY)
    return lines.map((line, at) => pad(at === 0 ? name : '', nameWidth) + gap + line)
  })
}
