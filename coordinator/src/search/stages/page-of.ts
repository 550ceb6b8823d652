import assert from 'node:assert/strict'
import { type Cursor, type CursorOwner, encodeCursor } from '../cursor.ts'
import type { Hit } from '../search-answer.ts'
import type { BothScores } from '../shard-answer.ts'
import { cursorOfGroups } from './group-cursor.ts'
import type { Winners } from './pick-winners.ts'
import type { Pinned } from './plan-fan-out.ts'
import type { RankedGroup, RankedHit } from './ranked-hit.ts'

/** The hits of a page, in their last order. */
export interface RankedPage {
  readonly hits: readonly RankedHit[]
  /** Instead of hits, where groups were asked for. */
  readonly groups?: readonly RankedGroup[]
  /** Where the next page begins, without what the manifest tells; undefined on the last page. */
  readonly next:
    | (Pick<Cursor, 'score' | 'id' | 'rerank' | 'group' | 'sort'> & Partial<Pick<Cursor, 'given'>>)
    | undefined
}

/** The first `k` of what was found, in the order of the shards' scores, or the groups. */
export function firstOf({ ranked, groupPage }: Pick<Winners, 'ranked' | 'groupPage'>, k: number): RankedPage {
  if (groupPage !== undefined) {
    return { hits: [], groups: groupPage.groups, next: groupPage.next && cursorOfGroups(groupPage.next) }
  }
  const hits = ranked.slice(0, k)
  const last = ranked.length > hits.length ? hits.at(-1) : undefined
  return { hits, next: last && { score: last.score, id: last.id, ...(last.sortedBy && { sort: last.sortedBy }) } }
}

/** What is given of each hit beside its score. */
interface Given {
  /** By id; undefined when only ids were asked for. */
  readonly documents: Winners['documents']
  /** Whether estimates are. They depend on how documents are divided into segments, and no order does on them. */
  readonly estimates: boolean
}

/** The hits as they are given, and the cursor of the next page. */
export function pageOf(
  { hits, groups, next }: RankedPage,
  of: Given,
  { manifest, cursor, groupBy }: Pinned,
  owner: CursorOwner,
) {
  const given = (cursor?.given ?? 0) + hits.length
  const { generation, version } = manifest
  const nextCursor = next === undefined ? null : encodeCursor({ generation, version, given, ...next }, owner)
  const toHits = (found: readonly RankedHit[]) => found.map(hit => toHit(hit, of))
  const toGroup = ({ value, hits }: RankedGroup) => ({ type: groupBy!.type, value, hits: toHits(hits) })
  return { hits: toHits(hits), ...(groups && { groups: groups.map(toGroup) }), nextCursor }
}

function toHit(
  { id, score, passage, rerankScore, estimate, scores, composed }: RankedHit,
  { documents, estimates }: Given,
): Hit {
  const document = documents?.get(id)
  assert(documents === undefined || document !== undefined, 'every winner was fetched')
  const ofStages = { ...(rerankScore !== undefined && { rerankScore }), ...(scores && { scores: scoresOf(scores) }) }
  const ofQuery = { ...(passage && { passage }), ...(composed && { composed }) }
  const estimated = estimates && estimate !== undefined && { estimate }
  return { id, score: orNull(score), document, ...ofQuery, ...estimated, ...ofStages }
}

function scoresOf({ qnet, lexical }: BothScores) {
  return { qnet: orNull(qnet), lexical }
}

function orNull(score: number): number | null {
  return Number.isFinite(score) ? score : null
}
