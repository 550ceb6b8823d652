import { HypershardError, type RequestContext } from '@hypershard/common'
import { sortFieldsMax } from '@hypershard/proto/limits'
import type { SearchShardsRequest, ShardHit } from '@hypershard/proto/shard'
import { columnValueOf, exactValueOf } from '@hypershard/storage'
import type { FoundInOrder, SheetOfSegment } from '../filtering/filter-thread.ts'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { SortWish } from '../filtering/sort-rows.ts'
import type { ScanHit } from '../ports.ts'
import { type LeasedSheets, sheetsOf } from './group-shards.ts'

/** @returns undefined where no order was asked for @throws HypershardError `invalid_request` */
export function checkSort({ sort, limit, afterSorted }: SearchShardsRequest): SortWish | undefined {
  if (sort.length === 0) return undefined
  if (sort.length > sortFieldsMax) {
    throw new HypershardError('invalid_request', `sort: at most ${sortFieldsMax} fields, not ${sort.length}`)
  }
  if (afterSorted !== undefined && afterSorted.values.length !== sort.length) {
    throw new HypershardError('invalid_request', `after_sorted: it must have a value for each of ${sort.length} fields`)
  }
  const after = afterSorted && {
    ...afterSorted,
    values: afterSorted.values.map(({ value }) => (value && exactValueOf(value)) ?? null),
  }
  return { fields: sort, limit, after }
}

/** Of shards whose sheets are filled: what comes first in each, in their order; none where no order was asked for. */
export async function sortShards(
  shards: readonly LeasedSheets[],
  { sort, context }: { readonly sort: SortWish | undefined; readonly context: RequestContext },
  filter: Pick<RowFilter, 'sort'>,
): Promise<FoundInOrder[]> {
  if (sort === undefined) return []
  const sortOne = (sheets: SheetOfSegment[]) => filter.sort(sheets, sort, context.deadline)
  return Promise.all(shards.map(shard => sortOne(sheetsOf(shard))))
}

export function toSortedHits({ sorted }: FoundInOrder, toHit: (hit: ScanHit) => ShardHit): ShardHit[] {
  return sorted.map(({ values, hit }) => ({
    ...toHit(hit),
    sort: values.map(value => ({ value: value === null ? undefined : columnValueOf(value) })),
  }))
}
