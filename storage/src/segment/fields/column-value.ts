/** Values of a field as columns hold them, and their message. */
import { compareIds } from '@hypershard/common'
import type { ColumnValue } from '@hypershard/proto/shard'
import { joinNumber, splitNumber } from './read-number.ts'

/** The exact value of a field: of a date milliseconds since the epoch, of a boolean 0 or 1. */
export type ExactValue = string | number | bigint

export function columnValueOf(value: ExactValue): ColumnValue {
  if (typeof value === 'string') return { kind: { $case: 'keyword', value }, rest: 0 }
  const { double, rest } = splitNumber(value)
  return { kind: { $case: 'number', value: double }, rest }
}

/** @returns undefined for a message of a kind that is not known */
export function exactValueOf({ kind, rest }: ColumnValue): ExactValue | undefined {
  if (kind === undefined || kind.$case === 'keyword') return kind?.value
  // -0 is 0, as in every comparison.
  return joinNumber({ double: kind.value + 0, rest })
}

/** The order of one field's values: keywords by their UTF-8 bytes, numbers by what they are. */
export function compareExactValues(a: ExactValue, b: ExactValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareIds(a, b)
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** What a document is sorted by: a value, or null where it has none. */
export type SortValue = ExactValue | null

/** @param orders one a field; documents without a value come last in both */
export function compareSortValues(
  a: readonly SortValue[],
  b: readonly SortValue[],
  orders: readonly { readonly descending: boolean }[],
): number {
  for (const [at, { descending }] of orders.entries()) {
    const [one, other] = [a[at]!, b[at]!]
    if (one === other) continue
    if (one === null || other === null) return one === null ? 1 : -1
    const order = compareExactValues(one, other)
    if (order !== 0) return descending ? -order : order
  }
  return 0
}
