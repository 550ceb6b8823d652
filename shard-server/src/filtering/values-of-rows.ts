import type { FilterColumn } from '@hypershard/storage'
import { type ExactValue, joinNumber } from '@hypershard/storage/rows'

/** What each of some rows has of a field, each value once. */
export function valuesOfRows(
  { offsets, values, rests, type, terms }: FilterColumn,
  rows: readonly number[],
): ExactValue[][] {
  const exact = (at: number): ExactValue =>
    type === 'keyword' ? terms[values[at]!]! : joinNumber({ double: values[at]! + 0, rest: rests?.[at] ?? 0 })
  return rows.map(row => {
    const own = new Set<ExactValue>()
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) own.add(exact(at))
    return [...own]
  })
}
