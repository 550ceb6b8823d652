import assert from 'node:assert/strict'
import type { FetchedDocument } from '@hypershard/proto/shard'
import { type CursorOwner, encodeCursor } from '../cursor.ts'
import type { Hit } from '../search-answer.ts'
import type { FoundHit } from '../shard-answer.ts'
import type { Winners } from './pick-winners.ts'
import type { Pinned } from './plan-fan-out.ts'

/** The winners as hits, and where the next page begins. */
export function pageOf({ ranked, winners, documents }: Winners, { manifest, cursor }: Pinned, owner: CursorOwner) {
  const given = (cursor?.given ?? 0) + winners.length
  const last = ranked.length > winners.length ? winners.at(-1) : undefined
  const { generation, version } = manifest
  const nextCursor = last === undefined ? null : encodeCursor({ generation, version, given, ...last }, owner)
  return { hits: winners.map(hit => toHit(hit, documents)), nextCursor }
}

function toHit({ id, score, passage }: FoundHit, documents: ReadonlyMap<string, FetchedDocument> | undefined): Hit {
  const document = documents?.get(id)
  assert(documents === undefined || document !== undefined, 'every winner was fetched')
  return { id, score: Number.isFinite(score) ? score : null, document, ...(passage && { passage }) }
}
