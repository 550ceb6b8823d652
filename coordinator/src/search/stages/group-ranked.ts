/**
 * Groups of hits that are in their last order already: of what a hybrid search has joined, or of what a cross-encoder has read.
 * They are made of these hits alone. The list follows from the documents, so its groups do, however they lie in shards.
 */
import { compareExactValues } from '@hypershard/storage'
import type { CheckedGroupBy, GroupValue } from './group-hits.ts'
import type { RankedGroup, RankedHit } from './ranked-hit.ts'

/** What of a hit says where its group stands. */
export type GroupRank = Pick<RankedHit, 'score' | 'id' | 'rerankScore'>

export interface RankedGroupPage {
  readonly groups: readonly RankedGroup[]
  /** The last group of the page, where another page follows. */
  readonly next: (GroupRank & { readonly value: GroupValue; readonly given: number }) | undefined
}

/**
 * @param ranked in the order of `compare`
 * @param after the best hit of the last group of the page before
 */
export function groupRanked(
  ranked: readonly RankedHit[],
  { groups, hits, given, after: place }: Pick<CheckedGroupBy, 'groups' | 'hits' | 'given' | 'after'>,
  compare: (a: GroupRank, b: GroupRank) => number,
  after: GroupRank | undefined = place,
): RankedGroupPage {
  const byValue = new Map<GroupValue, RankedHit[]>()
  for (const hit of ranked) {
    for (const value of valuesOf(hit)) {
      const own = byValue.get(value)
      if (own === undefined) byValue.set(value, [hit])
      else if (own.length < hits) own.push(hit)
    }
  }
  // A group is first met at its best hit, and those of one hit in the order of their values.
  const all = [...byValue].map(([value, own]) => ({ value, hits: own }))
  const isNext = ({ value, hits: [best] }: RankedGroup) =>
    (compare(best!, after!) || compareExactValues(value ?? '', place!.value ?? '')) > 0
  const begin = after === undefined ? 0 : all.findIndex(isNext)
  const page = begin < 0 ? [] : all.slice(begin, begin + groups)
  const last = page.at(-1)
  if (last === undefined || begin + page.length === all.length) return { groups: page, next: undefined }
  return { groups: page, next: { ...last.hits[0]!, value: last.value, given: given + page.length } }
}

function valuesOf({ values = [] }: RankedHit): readonly GroupValue[] {
  return values.length === 0 ? [undefined] : values.toSorted(compareExactValues)
}
