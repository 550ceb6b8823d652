import type { ComponentChildren } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { type SortValue, sortRows } from './sort-rows.ts'
import { useVisibleRange } from './use-visible-range.ts'
import { evenTops } from './visible-range.ts'

export interface Column<Row> {
  readonly name: string
  readonly title: ComponentChildren
  readonly cell: (row: Row) => ComponentChildren
  /** Numbers stand on the right. */
  readonly right?: boolean
  /** What rows are sorted by at a click on the title; such a column has none when left out. */
  readonly sortBy?: (row: Row) => SortValue
}

export interface DataTableProps<Row> {
  /** What the table is of, for who does not see it. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** Instead of a table without rows. */
  readonly empty?: ComponentChildren
}

interface Order {
  readonly name: string
  readonly descending: boolean
}

/** From so many rows on they are all one line high, and only those are in the page that can be seen. */
const wholeRowsMax = 100
const evenRowHeight = 33

/** A table that can be sorted by its columns; however many rows it has, it scrolls without a stall. */
export function DataTable<Row>({ label, columns, rows, keyOf, empty }: DataTableProps<Row>) {
  const [order, setOrder] = useState<Order>()
  const sorted = useMemo(() => {
    const sortBy = columns.find(({ name }) => name === order?.name)?.sortBy
    return sortBy === undefined ? rows : sortRows(rows, sortBy, order?.descending === true)
  }, [rows, columns, order])
  const body = useRef<HTMLTableSectionElement>(null)
  const tops = useMemo(() => evenTops(rows.length, evenRowHeight), [rows.length])
  const seen = useVisibleRange({ frame: body, tops })
  const even = rows.length > wholeRowsMax
  const { first, end } = even ? seen : { first: 0, end: rows.length }
  if (rows.length === 0 && empty !== undefined) return <div class="empty">{empty}</div>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard
    <section class="table-frame" aria-label={label} tabIndex={0}>
      <table class={even ? 'table even' : 'table'} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map(column => (
              <Title key={column.name} column={column} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {even && <Gap rows={first} columns={columns.length} />}
          {sorted.slice(first, end).map((row, at) => (
            <tr key={keyOf(row)} aria-rowindex={first + at + 2}>
              {columns.map(({ name, right, cell }) => (
                <td key={name} class={right ? 'right' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {even && <Gap rows={rows.length - end} columns={columns.length} />}
        </tbody>
      </table>
    </section>
  )
}

function Title<Row>({
  column: { name, title, right, sortBy },
  order,
  onOrder,
}: {
  readonly column: Column<Row>
  readonly order: Order | undefined
  readonly onOrder: (order: Order | undefined) => void
}) {
  const ordered = order?.name === name
  const next = ordered ? (order.descending ? undefined : { name, descending: true }) : { name, descending: false }
  return (
    <th
      scope="col"
      class={right ? 'right' : undefined}
      aria-sort={ordered ? (order.descending ? 'descending' : 'ascending') : undefined}
    >
      {sortBy === undefined ? (
        title
      ) : (
        <button type="button" class="sort" onClick={() => onOrder(next)}>
          {title}
          <span aria-hidden="true">{ordered ? (order.descending ? '↓' : '↑') : ''}</span>
        </button>
      )}
    </th>
  )
}

/** Stands for the rows that are not drawn. */
function Gap({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  if (rows <= 0) return null
  return (
    <tr class="gap">
      <td colSpan={columns} style={{ height: `${rows * evenRowHeight}px` }} />
    </tr>
  )
}
