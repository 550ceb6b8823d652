import { HypershardError, type RequestContext } from '@hypershard/common'
import { groupedHitsOfCallMax, likedDocumentsMax } from '@hypershard/proto/limits'
import type { GroupBy, ShardGroups, ShardHit } from '@hypershard/proto/shard'
import { columnValueOf, exactValueOf } from '@hypershard/storage'
import type { ScoreSheet } from '../cpu/score-sheet.ts'
import type { FoundGroups, SheetOfSegment } from '../filtering/filter-thread.ts'
import type { GroupWish } from '../filtering/group-rows.ts'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { ScanHit } from '../ports.ts'

/** @throws HypershardError `invalid_request` */
export function checkGroupBy({ field, groups, hits, only, without }: GroupBy): GroupWish {
  if (groups < 1 || hits < 1 || groups * hits > groupedHitsOfCallMax) {
    const message = `group_by: groups times hits must be 1 to ${groupedHitsOfCallMax}, not ${groups} times ${hits}`
    throw new HypershardError('invalid_request', message)
  }
  if (without.length > likedDocumentsMax) {
    const message = `group_by: at most ${likedDocumentsMax} documents are left out, not ${without.length}`
    throw new HypershardError('invalid_request', message)
  }
  const values = only?.values.map(exactValueOf)
  if (values?.includes(undefined)) throw new HypershardError('invalid_request', 'group_by: a value of no known kind')
  return { field, groups, hits, only: values && (only!.none ? [...values, undefined] : values), without }
}

/** A shard that is leased, with a sheet for each segment. */
export interface LeasedSheets {
  readonly segments: readonly (Omit<SheetOfSegment, 'sheet'> & { readonly sheet?: ScoreSheet | undefined })[]
}

/** What the thread needs of them. */
export function sheetsOf({ segments }: LeasedSheets): SheetOfSegment[] {
  return segments.map(({ key, position, sheet }) => ({ key, position, sheet: sheet! }))
}

/** Of shards whose sheets are filled: the groups of each, in their order; none where no groups were asked for. */
export async function groupShards(
  shards: readonly LeasedSheets[],
  { groupBy, context }: { readonly groupBy: GroupWish | undefined; readonly context: RequestContext },
  filter: Pick<RowFilter, 'group'>,
): Promise<FoundGroups[]> {
  if (groupBy === undefined) return []
  return Promise.all(shards.map(shard => filter.group(sheetsOf(shard), groupBy, context.deadline)))
}

export function toShardGroups({ groups, more }: FoundGroups, toHit: (hit: ScanHit) => ShardHit): ShardGroups {
  const toGroup = ({ value, hits }: FoundGroups['groups'][number]) => ({
    value: value === undefined ? undefined : columnValueOf(value),
    hits: hits.map(toHit),
  })
  return { groups: groups.map(toGroup), more, leftOut: true }
}
