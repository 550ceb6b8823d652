import assert from 'node:assert/strict'
import type { FetchedDocument } from '@hypershard/proto/shard'
import { type Cursor, type CursorOwner, encodeCursor } from '../cursor.ts'
import type { Hit } from '../search-answer.ts'
import type { BothScores, FoundHit } from '../shard-answer.ts'
import type { Winners } from './pick-winners.ts'
import type { Pinned } from './plan-fan-out.ts'

/** A hit that may have a score of a cross-encoder. */
export interface RankedHit extends FoundHit {
  readonly rerankScore?: number
}

/** The hits of a page, in their last order. */
export interface RankedPage {
  readonly hits: readonly RankedHit[]
  /** Where the next page begins, without what the manifest tells; undefined on the last page. */
  readonly next: Pick<Cursor, 'score' | 'id' | 'rerank'> | undefined
}

/** The first `k` of what was found, in the order of the shards' scores. */
export function firstOf({ ranked }: Pick<Winners, 'ranked'>, k: number): RankedPage {
  const hits = ranked.slice(0, k)
  const last = ranked.length > hits.length ? hits.at(-1) : undefined
  return { hits, next: last && { score: last.score, id: last.id } }
}

/**
 * The hits as they are given, and the cursor of the next page.
 * @param documents by id; undefined when only ids were asked for
 */
export function pageOf(
  { hits, next }: RankedPage,
  documents: Winners['documents'],
  { manifest, cursor }: Pinned,
  owner: CursorOwner,
) {
  const given = (cursor?.given ?? 0) + hits.length
  const { generation, version } = manifest
  const nextCursor = next === undefined ? null : encodeCursor({ generation, version, given, ...next }, owner)
  return { hits: hits.map(hit => toHit(hit, documents)), nextCursor }
}

function toHit(
  { id, score, passage, rerankScore, scores }: RankedHit,
  documents: ReadonlyMap<string, FetchedDocument> | undefined,
): Hit {
  const document = documents?.get(id)
  assert(documents === undefined || document !== undefined, 'every winner was fetched')
  const ofStages = { ...(rerankScore !== undefined && { rerankScore }), ...(scores && { scores: scoresOf(scores) }) }
  return { id, score: orNull(score), document, ...(passage && { passage }), ...ofStages }
}

function scoresOf({ qnet, lexical }: BothScores) {
  return { qnet: orNull(qnet), lexical }
}

function orNull(score: number): number | null {
  return Number.isFinite(score) ? score : null
}
