import { compareRank, type RequestContext } from '@hypershard/common'
import type { GroupBy as GroupByAsked } from '@hypershard/contract'
import { groupedHitsDeepMax, groupedHitsOfCallMax } from '@hypershard/proto/limits'
import type { Condition, Filter, GroupBy } from '@hypershard/proto/shard'
import {
  columnValueOf,
  compareExactValues,
  type ExactValue,
  type Fields,
  type FieldType,
  splitNumber,
} from '@hypershard/storage'
import { fanOut } from '../fan-out.ts'
import type { FanOutRecord } from '../fan-out-record.ts'
import type { FanOutOutcome, FanOutRequest } from '../fan-out-request.ts'
import { fieldNamed, invalidAt } from '../field-named.ts'
import { mergeTopHits } from '../merge-top-hits.ts'
import type { FoundGroup, FoundHit, ShardAnswer } from '../shard-answer.ts'

/** A group's value; undefined for the group of documents without one. */
export type GroupValue = ExactValue | undefined

/** Groups of a field that the index has, and which page of them. */
export interface CheckedGroupBy extends GroupByAsked {
  readonly type: FieldType
  /** Groups that rank before the page: those of the pages before. */
  readonly given: number
  /** The last of those; undefined on the first page. */
  readonly after: GroupPosition | undefined
}

/** A place in the order of groups. */
export interface GroupPosition {
  readonly score: number
  readonly id: string
  readonly value: GroupValue
}

/** A page of groups. */
export interface GroupPage {
  readonly groups: readonly FoundGroup[]
  /** Where the next page begins; undefined on the last. */
  readonly next: (GroupPosition & { readonly given: number }) | undefined
}

/**
 * @param isOfAll whether groups are made of all documents, so that each page finds those of the pages before again
 * @throws HypershardError `invalid_request` for a field that the index does not have, and for pages that are too deep
 */
export function readGroupBy(
  groupBy: GroupByAsked,
  fields: Fields,
  {
    cursor,
    isOfAll,
  }: { readonly cursor: Pick<CheckedGroupBy, 'given' | 'after'> | undefined; readonly isOfAll: boolean },
): CheckedGroupBy {
  const { type } = fieldNamed(groupBy.field, fields, 'group_by.field')
  const given = cursor?.given ?? 0
  if (isOfAll && (given + groupBy.groups) * groupBy.hits > groupedHitsDeepMax) {
    const fault = `the pages up to this one would have more than ${groupedHitsDeepMax} hits, groups times hits`
    throw invalidAt('cursor', `${fault}; ask for fewer hits a group, or let fewer documents through with a filter`)
  }
  return { ...groupBy, type, given, after: cursor?.after }
}

/**
 * What a shard is asked for: the groups of this page and those before it, and one that tells whether there is a next page.
 * As many more as the page has make it rare that a shard must be asked again (`hitsLeftOut`).
 * @param without documents that are in no group, by id
 */
export function groupsOfShard(
  { field, groups, hits, given }: CheckedGroupBy,
  without: readonly string[] = [],
): GroupBy {
  const wanted = given + groups + 1
  const spare = Math.min(groups, Math.floor(groupedHitsOfCallMax / hits) - wanted)
  return { field, groups: wanted + Math.max(0, spare), hits, only: undefined, without: [...without] }
}

/**
 * A page of groups, the same to the bit from any number of shards.
 *
 * Which groups: each shard gives its N best groups, N being those up to this page and one more. A group among the N best of
 * all has its best hit in some shard. A group that ranks before it there has a hit before that one, so it ranks before it of
 * all as well, and there are fewer than N of these: that shard gives the group, with its best hit. So the N best of what the
 * shards gave, each by the best hit that any gave, are the N best of all.
 *
 * Which hits: that is not enough for a group's other hits. A shard where it is not among the best may have its second one.
 * But all hits that a shard left out rank after the best hit of the last group that it gave. Where a group has not got all
 * its hits from before that place, the shard is asked for this group.
 * @returns the page, or which shards could not be asked again
 */
export async function groupHits(
  groupBy: CheckedGroupBy,
  request: FanOutRequest,
  { answers }: Pick<FanOutOutcome, 'answers'>,
  { context, fanOuts }: { readonly context: RequestContext; readonly fanOuts: FanOutRecord },
): Promise<GroupPage | Pick<FanOutOutcome, 'failures'>> {
  const { page, next } = pageOfGroups(groupBy, [...answers.values()])
  const leftOut = hitsLeftOut(page, groupBy.hits, answers)
  if (leftOut.shards.length === 0) return { groups: page, next }
  const again = await fanOut(requestFor(leftOut, groupBy, request), context, fanOuts)
  const failures = new Map(again.failures)
  for (const [shard, { member, documentsScored, documentsMatched }] of again.answers) {
    if (documentsScored >= documentsMatched) continue
    const message = `${member.address}: shard ${shard} had no time for all hits of the groups; allow a longer timeout_ms`
    failures.set(shard, { shard, server: member.address, code: 'deadline_exceeded', message })
  }
  if (failures.size > 0) return { failures }
  return { groups: page.map(group => withHits(group, groupBy.hits, [...again.answers.values()])), next }
}

function pageOfGroups(groupBy: CheckedGroupBy, answers: readonly ShardAnswer[]) {
  const { groups, hits, given, after } = groupBy
  const byValue = Map.groupBy(
    answers.flatMap(answer => answer.groups!.groups),
    ({ value }) => value,
  )
  const more = answers.some(answer => answer.groups!.more)
  const merged = [...byValue]
    .map(([value, parts]) => ({
      value,
      hits: mergeTopHits(
        parts.map(part => part.hits),
        hits,
      ),
    }))
    .sort(compareGroups)
    // Beyond these, a group that no shard gave might come first.
    .slice(0, more ? given + groups + 1 : undefined)
  const begin = after === undefined ? 0 : merged.findIndex(group => comparePositions(positionOf(group), after) > 0)
  const page = begin < 0 ? [] : merged.slice(begin, begin + groups)
  const last = page.at(-1)
  const reached = last === undefined ? after : positionOf(last)
  const end = begin < 0 ? merged.length : begin + page.length
  // Where shards were missing on a page before, fewer groups than now may have come before its end: then this page is short.
  const goesOn = reached !== undefined && (end < merged.length || more)
  return { page, next: goesOn ? { ...reached, given: end } : undefined }
}

/** Which groups a shard must be asked for by name, and which shards. */
interface LeftOut {
  readonly values: readonly GroupValue[]
  readonly shards: readonly number[]
}

/** See `groupHits`. */
function hitsLeftOut(page: readonly FoundGroup[], hits: number, answers: FanOutOutcome['answers']): LeftOut {
  const values = new Set<GroupValue>()
  const shards: number[] = []
  for (const [shard, { groups }] of answers) {
    const worst = groups!.groups.at(-1)?.hits[0]
    if (!groups!.more || worst === undefined) continue
    const given = new Set(groups!.groups.map(({ value }) => value))
    const lacking = page.filter(group => {
      const last = group.hits[hits - 1]
      return !given.has(group.value) && (last === undefined || compareRank(last, worst) > 0)
    })
    if (lacking.length > 0) shards.push(shard)
    for (const { value } of lacking) values.add(value)
  }
  return { values: [...values], shards }
}

/** Only documents of these groups are scored again. */
function requestFor({ values, shards }: LeftOut, { field, type, hits }: CheckedGroupBy, request: FanOutRequest) {
  const own = values.filter(value => value !== undefined)
  const none = own.length < values.length
  const filters: Filter[] = [
    conditionOf(field, type, own),
    ...(none ? [condition({ field, test: { $case: 'exists', value: false } })] : []),
  ]
  const inGroups: Filter = { kind: { $case: 'group', value: { must: [], should: filters, mustNot: [] } } }
  const must = request.filter === undefined ? [inGroups] : [request.filter, inGroups]
  return {
    ...request,
    route: new Map(shards.map(shard => [shard, request.route.get(shard)!])),
    // None of them is given up: without one, the page would not be whole.
    minCoverage: 1,
    filter: { kind: { $case: 'group' as const, value: { must, should: [], mustNot: [] } } },
    facets: [],
    groupBy: {
      field,
      groups: values.length,
      hits,
      only: { values: own.map(columnValueOf), none },
      without: request.groupBy!.without,
    },
  }
}

function conditionOf(field: string, type: FieldType, values: readonly ExactValue[]): Filter {
  if (type === 'keyword')
    return condition({ field, test: { $case: 'keywords', value: { values: values.map(String) } } })
  const numbers = values.map(value => splitNumber(value as number | bigint))
  const value = { values: numbers.map(({ double }) => double), rests: numbers.map(({ rest }) => rest) }
  return condition({ field, test: { $case: 'numbers', value } })
}

function condition(value: Condition): Filter {
  return { kind: { $case: 'condition', value } }
}

/** A shard that was asked again gives some of the hits that the group has already, or other ones. */
function withHits({ value, hits }: FoundGroup, limit: number, answers: readonly ShardAnswer[]): FoundGroup {
  const lists = answers.map(({ groups }) => groups!.groups.find(group => group.value === value)?.hits ?? [])
  const known = new Set(hits.map(({ id }) => id))
  return { value, hits: mergeTopHits([hits, ...lists.map(list => list.filter(({ id }) => !known.has(id)))], limit) }
}

function positionOf({ value, hits }: FoundGroup): GroupPosition {
  const [{ score, id }] = hits as [FoundHit, ...FoundHit[]]
  return { score, id, value }
}

function compareGroups(a: FoundGroup, b: FoundGroup): number {
  return comparePositions(positionOf(a), positionOf(b))
}

/** By the best hit. Groups have the same one where a document is in both: then by their value. */
function comparePositions(a: GroupPosition, b: GroupPosition): number {
  if (a.value === b.value) return compareRank(a, b)
  return compareRank(a, b) || compareExactValues(a.value ?? '', b.value ?? '')
}
