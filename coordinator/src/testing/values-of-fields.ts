import { compareRank, parseExactJson } from '@hypershard/common'
import type { GroupBy, SearchShardsRequest, ShardGroups, ShardHit, ValueCounts } from '@hypershard/proto/shard'
import {
  columnValueOf,
  compareExactValues,
  type ExactValue,
  exactValueOf,
  type Fields,
  readFieldValues,
  splitNumber,
} from '@hypershard/storage'
import { orderOfHits, sortValuesOf } from '../search/stages/sort-hits.ts'

/** A document's exact values of a field, each once, read from its JSON. */
export function exactValuesOf(name: string, fields: Fields, fieldsJson: string): ExactValue[] {
  const read = readFieldValues(fields[name]!, parseExactJson(fieldsJson || '{}') as Record<string, unknown>, name)
  const values = 'values' in read ? read.values : []
  return [...new Set(values.map(value => (typeof value === 'boolean' ? Number(value) : value)))]
}

/** The naive twin of what a shard server counts. @param documents the values of each */
export function countNaively(documents: readonly (readonly ExactValue[])[]): ValueCounts {
  const counted = [...Map.groupBy(documents.flat(), value => value)].map(([value, all]) => [value, all.length] as const)
  const numbers = counted.flatMap(([value]) => (typeof value === 'string' ? [] : splitNumber(value)))
  return {
    keywords: counted.flatMap(([value]) => (typeof value === 'string' ? value : [])),
    numbers: numbers.map(({ double }) => double),
    rests: numbers.map(({ rest }) => rest),
    counts: counted.map(([, count]) => count),
    tooMany: false,
  }
}

/** The naive twin of a shard server's groups. @param ranked in rank order, with the values of each */
export function groupNaively(
  ranked: readonly { readonly hit: ShardHit; readonly values: readonly ExactValue[] }[],
  {
    groups: limit,
    hits,
    only,
    without = [],
  }: Pick<GroupBy, 'groups' | 'hits' | 'only'> & Partial<Pick<GroupBy, 'without'>>,
): ShardGroups {
  const members = ranked
    .filter(({ hit }) => !without.includes(hit.id))
    .flatMap(({ hit, values }) => (values.length === 0 ? [undefined] : values).map(value => ({ value, hit })))
  const wished = only && [...only.values.map(exactValueOf), ...(only.none ? [undefined] : [])]
  const groups = [...Map.groupBy(members, ({ value }) => value)]
    .filter(([value]) => wished?.includes(value) !== false)
    .map(([value, own]) => ({ value, hits: own.slice(0, hits).map(({ hit }) => hit) }))
    .sort((a, b) => compareRank(a.hits[0]!, b.hits[0]!) || compareExactValues(a.value!, b.value!))
  const given = groups.slice(0, limit).map(({ value, hits }) => {
    return { value: value === undefined ? undefined : columnValueOf(value), hits }
  })
  return { groups: given, more: groups.length > limit, leftOut: true }
}

/** The naive twin of what a shard server sorts. @param found with the values of each, by field */
export function sortNaively(
  found: readonly { readonly hit: ShardHit; readonly values: readonly (readonly ExactValue[])[] }[],
  { sort, afterSorted, limit }: Pick<SearchShardsRequest, 'sort' | 'afterSorted' | 'limit'>,
): ShardHit[] {
  const compare = orderOfHits(sort)
  const place = afterSorted && { ...afterSorted, sortedBy: sortValuesOf(afterSorted.values) }
  return found
    .map(({ hit, values }) => {
      const sortedBy = sort.map(({ descending }, at) => {
        const own = values[at]!.toSorted(compareExactValues)
        return own.at(descending ? -1 : 0) ?? null
      })
      return {
        ...hit,
        sortedBy,
        sort: sortedBy.map(value => ({ value: value === null ? undefined : columnValueOf(value) })),
      }
    })
    .sort(compare)
    .filter(hit => place === undefined || compare(hit, place) > 0)
    .slice(0, limit)
    .map(({ sortedBy: _, ...hit }) => hit)
}

/** The hits with what each has of a field. */
export function tellNaively(
  found: readonly { readonly hit: ShardHit; readonly values: readonly ExactValue[] }[],
): ShardHit[] {
  return found.map(({ hit, values }) => ({ ...hit, values: { values: values.map(columnValueOf) } }))
}
