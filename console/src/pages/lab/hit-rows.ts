import type { Hit, SearchAnswer } from '@hypershard/contract'
import { topsOf } from '../../parts/visible-range.ts'

type Group = NonNullable<SearchAnswer['groups']>[number]

/** What a list of hits shows: hits, and above those of a group the value that they share. */
export type HitRow =
  | { readonly kind: 'group'; readonly value: Group['value']; readonly hits: number }
  | { readonly kind: 'hit'; readonly hit: Hit; readonly rank: number }

/** A hit of an answer, whether it stands in a group or not. */
export interface RankedHit {
  /** What is the same of it in another answer: a document may stand in several groups. */
  readonly id: string
  readonly hit: Hit
}

export type Answered = Pick<SearchAnswer, 'hits' | 'groups'>

/** Of one hit, in pixels: a line for its name, two for its best passage, one for its fields. */
export const hitRowHeight = 104

/** Of the value that hits of a group share. */
export const groupRowHeight = 44

/** All hits from the first to the last. */
export function rankedHits({ hits, groups }: Answered): readonly RankedHit[] {
  if (groups === undefined) return hits.map(hit => ({ id: hit.id, hit }))
  return groups.flatMap(({ value, hits: own }) => own.map(hit => ({ id: JSON.stringify([told(value), hit.id]), hit })))
}

export function hitRows({ hits, groups }: Answered): readonly HitRow[] {
  let rank = 0
  const rowsOf = (some: readonly Hit[]): HitRow[] => some.map(hit => ({ kind: 'hit', hit, rank: ++rank }))
  if (groups === undefined) return rowsOf(hits)
  return groups.flatMap(({ value, hits: own }): HitRow[] => [
    { kind: 'group', value, hits: own.length },
    ...rowsOf(own),
  ])
}

/** Where each row begins, in pixels, and the last ends. */
export function hitTops(rows: readonly HitRow[]): readonly number[] {
  return topsOf(rows.map(({ kind }) => (kind === 'group' ? groupRowHeight : hitRowHeight)))
}

/** Where the middle of each hit is, in pixels, in the order of their ranks. */
export function hitMiddles(rows: readonly HitRow[]): readonly number[] {
  const tops = hitTops(rows)
  return rows.flatMap(({ kind }, at) => (kind === 'hit' ? [tops[at]! + hitRowHeight / 2] : []))
}

/** Numbers that no double holds are bigints here, which JSON does not know. */
function told(value: Group['value']): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
