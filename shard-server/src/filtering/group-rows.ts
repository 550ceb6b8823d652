/** A shard's documents in groups by their values of a field: the groups with the best documents, and the best of each. */
import { compareExactValues, type ExactValue, joinNumber } from '@hypershard/storage/rows'
import { BestOf } from './best-of.ts'
import { compareRowsOf, type RankedRow, type ScoredSegment, scoredRows } from './ranked-rows.ts'
import { selectIds } from './select-ids.ts'
import { columnOf } from './select-rows.ts'

/** A group's value; undefined for the group of documents without one. */
export type GroupValue = ExactValue | undefined

export interface GroupWish {
  readonly field: string
  /** How many groups, and how many documents of each. */
  readonly groups: number
  readonly hits: number
  /** Only these groups; undefined for whichever are best. */
  readonly only: readonly GroupValue[] | undefined
  /** Ids of documents that are in no group. */
  readonly without: readonly string[]
}

export interface RowGroup {
  readonly value: GroupValue
  /** Best first. */
  readonly rows: readonly RankedRow[]
}

export interface RowGroups {
  /** By their best row; of equal ones, which one document is in, by their value. */
  readonly groups: readonly RowGroup[]
  /** Whether there are more than were wished for. */
  readonly more: boolean
}

/**
 * Two passes over the scores. The first finds each group's best row, and with these the best groups; only then is it known
 * whose other rows count, so that no more rows are kept than the answer has.
 */
export function groupRows(all: readonly ScoredSegment[], { field, groups, hits, only, without }: GroupWish): RowGroups {
  const leaveOut = (ids: ScoredSegment['ids']) => selectIds({ values: [...without] }, ids)
  const segments = without.length === 0 ? all : all.map(own => ({ ...own, leftOut: leaveOut(own.ids) }))
  const places = new GroupPlaces(segments, field)
  const compare = compareRowsOf(segments)
  const best = bestOfEach(segments, places, compare)
  const chosen = new BestOf<number>(groups, (a, b) => {
    return compare(best[a]!, best[b]!) || compareExactValues(places.values[a]!, places.values[b]!)
  })
  const wished = only && new Set(only)
  let found = 0
  for (const place of places.values.keys()) {
    if (best[place] === undefined || wished?.has(places.values[place]) === false) continue
    found++
    chosen.offer(place)
  }
  const rows = bestRowsOf(chosen.items, hits, { segments, places, compare })
  return {
    groups: chosen.items.map((place, at) => ({ value: places.values[place], rows: rows[at]!.items })),
    more: found > groups,
  }
}

interface Grouping {
  readonly segments: readonly ScoredSegment[]
  readonly places: GroupPlaces
  readonly compare: (a: RankedRow, b: RankedRow) => number
}

/** By place of the group; nothing for a group without a row that was scored. */
function bestOfEach(
  segments: readonly ScoredSegment[],
  places: GroupPlaces,
  compare: Grouping['compare'],
): (RankedRow | undefined)[] {
  const best: (RankedRow | undefined)[] = new Array(places.values.length).fill(undefined)
  for (const [segment, own] of segments.entries()) {
    const { scores } = own.sheet
    for (const row of scoredRows(own)) {
      const score = scores[row]!
      for (const place of places.of(segment, row)) {
        const known = best[place]
        // Most rows are worse than the best of their group: they cost no object.
        if (known !== undefined && known.score > score) continue
        const ranked = { segment, row, score }
        if (known === undefined || compare(ranked, known) < 0) best[place] = ranked
      }
    }
  }
  return best
}

/** Of the groups at these places, in their order. */
function bestRowsOf(chosen: readonly number[], hits: number, { segments, places, compare }: Grouping) {
  const rows = chosen.map(() => new BestOf<RankedRow>(hits, compare))
  const byPlace = new Map(chosen.map((place, at) => [place, rows[at]!]))
  for (const [segment, own] of segments.entries()) {
    const { scores } = own.sheet
    for (const row of scoredRows(own)) {
      for (const place of places.of(segment, row)) byPlace.get(place)?.offer({ segment, row, score: scores[row]! })
    }
  }
  return rows
}

/** Numbers the groups of several segments, and tells which ones a row is in. */
class GroupPlaces {
  /** By place. */
  readonly values: GroupValue[] = [undefined]
  readonly #columns: readonly { readonly offsets: Int32Array; readonly places: Int32Array }[]

  constructor(segments: readonly ScoredSegment[], field: string) {
    const known = new Map<GroupValue, number>()
    this.#columns = segments.map(({ columns }) => {
      const { offsets, values, rests, type, terms } = columnOf(columns, field)
      const placeOf = (value: ExactValue) => {
        const place = known.get(value) ?? this.values.push(value) - 1
        known.set(value, place)
        return place
      }
      const ofTerms = type === 'keyword' ? terms.map(placeOf) : undefined
      const exact = (at: number) => joinNumber({ double: values[at]! + 0, rest: rests?.[at] ?? 0 })
      const places = Int32Array.from(values, (value, at) => ofTerms?.[value] ?? placeOf(exact(at)))
      return { offsets, places }
    })
  }

  /** Each once. */
  of(segment: number, row: number): Iterable<number> {
    const { offsets, places } = this.#columns[segment]!
    const [begin, end] = [offsets[row]!, offsets[row + 1]!]
    if (begin === end) return ofNone
    const own = places.subarray(begin, end)
    return end - begin === 1 ? own : new Set(own)
  }
}

/** The group of documents without a value has the first place. */
const ofNone = [0]
