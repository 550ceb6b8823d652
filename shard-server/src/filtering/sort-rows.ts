/** A shard's documents in the order of their values of some fields, then of their scores and ids. */

import { rankScore } from '@hypershard/common'
import type { FilterColumn } from '@hypershard/storage'
import {
  compareExactValues,
  compareSortValues,
  type ExactValue,
  joinNumber,
  type SortValue,
} from '@hypershard/storage/rows'
import { BestOf } from './best-of.ts'
import { compareRowsOf, idBytes, type RankedRow, type ScoredSegment, scoredRows } from './ranked-rows.ts'
import { columnOf } from './select-rows.ts'

export interface SortWish {
  readonly fields: readonly { readonly field: string; readonly descending: boolean }[]
  readonly limit: number
  /** Only rows after this place. */
  readonly after: { readonly values: readonly SortValue[]; readonly score: number; readonly id: string } | undefined
}

export interface SortedRow extends RankedRow {
  readonly values: readonly SortValue[]
}

export function sortRows(segments: readonly ScoredSegment[], { fields, limit, after }: SortWish): readonly SortedRow[] {
  const compareRows = compareRowsOf(segments)
  const first = new BestOf<SortedRow>(
    limit,
    (a, b) => compareSortValues(a.values, b.values, fields) || compareRows(a, b),
  )
  const isAfter = after === undefined ? () => true : placeAfter(segments, after, fields)
  for (const [segment, own] of segments.entries()) {
    const columns = fields.map(({ field }) => columnOf(own.columns, field))
    for (const row of scoredRows(own)) {
      const values = columns.map((column, at) => sortValueOf(column, row, fields[at]!.descending))
      const sorted = { segment, row, score: own.sheet.scores[row]!, values }
      if (isAfter(sorted)) first.offer(sorted)
    }
  }
  return first.items
}

function placeAfter(
  segments: readonly ScoredSegment[],
  { values, score, id }: NonNullable<SortWish['after']>,
  fields: SortWish['fields'],
): (row: SortedRow) => boolean {
  const idOfPlace = Buffer.from(id)
  return row => {
    const order = compareSortValues(row.values, values, fields) || compareScores(row.score, score)
    return (order || Buffer.compare(idBytes(segments[row.segment]!, row.row), idOfPlace)) > 0
  }
}

function compareScores(a: number, b: number): number {
  const [one, other] = [rankScore(a), rankScore(b)]
  return one === other ? 0 : other - one
}

/** The one of a row's values that it is sorted by. */
function sortValueOf(
  { offsets, values, rests, type, terms }: FilterColumn,
  row: number,
  descending: boolean,
): SortValue {
  let best: ExactValue | null = null
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    const value =
      type === 'keyword' ? terms[values[at]!]! : joinNumber({ double: values[at]! + 0, rest: rests?.[at] ?? 0 })
    const order = best === null ? 0 : compareExactValues(value, best)
    if (best === null || (descending ? order > 0 : order < 0)) best = value
  }
  return best
}
