import { compareRank, HypershardError, type RankPosition } from '@hypershard/common'
import type { Sort } from '@hypershard/contract'
import type { SortBy, SortPosition } from '@hypershard/proto/shard'
import { columnValueOf, compareSortValues, exactValueOf, type Fields, type SortValue } from '@hypershard/storage'
import type { Cursor } from '../cursor.ts'
import { fieldNamed } from '../field-named.ts'

/** A hit's place where hits are sorted by fields. */
interface SortedHit extends RankPosition {
  readonly sortedBy?: readonly SortValue[] | undefined
}

/** @throws HypershardError `invalid_request` for a field that the index does not have */
export function readSort(sort: Sort, fields: Fields): SortBy[] {
  return sort.map(({ field, order }, at) => {
    fieldNamed(field, fields, `sort.${at}.field`)
    return { field, descending: order === 'desc' }
  })
}

/**
 * The order of hits: by the fields that they are sorted by, if there are any, then by score and id. No two hits are equal in
 * it, so that it does not matter which shards they come from.
 */
export function orderOfHits(sort: readonly SortBy[]): (a: SortedHit, b: SortedHit) => number {
  if (sort.length === 0) return compareRank
  return (a, b) => compareSortValues(a.sortedBy ?? [], b.sortedBy ?? [], sort) || compareRank(a, b)
}

/** Of the message; null where the document has no value. */
export function sortValuesOf(values: readonly SortPosition['values'][number][]): SortValue[] {
  return values.map(({ value }) => (value && exactValueOf(value)) ?? null)
}

/** Where shards go on. @throws HypershardError `invalid_cursor` for one that is not of a page in this order */
export function sortPositionOf({ score, id, sort }: Cursor, fields: readonly SortBy[]): SortPosition {
  if (sort?.length !== fields.length) {
    const message = 'cursor: it is not of hits in this order; pass `next_cursor` of an answer unchanged'
    throw new HypershardError('invalid_cursor', message)
  }
  return { score, id, values: sort.map(value => ({ value: value === null ? undefined : columnValueOf(value) })) }
}
