export type SortValue = number | string | boolean | null | undefined

/** By a value of each row; rows without one come last both ways, and equal ones keep their order. */
export function sortRows<Row>(rows: readonly Row[], sortBy: (row: Row) => SortValue, descending: boolean): Row[] {
  const sign = descending ? -1 : 1
  return rows
    .map(row => ({ row, value: sortBy(row) ?? undefined }))
    .sort((one, other) => {
      if (one.value === undefined || other.value === undefined) {
        return Number(one.value === undefined) - Number(other.value === undefined)
      }
      return sign * compare(one.value, other.value)
    })
    .map(({ row }) => row)
}

function compare(one: number | string | boolean, other: number | string | boolean): number {
  if (typeof one === 'string' && typeof other === 'string') return one.localeCompare(other, 'en', { numeric: true })
  return Number(one) - Number(other)
}
