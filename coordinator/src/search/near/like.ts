/** What `like` changes in the steps of a search: its document is searched as any other, and left out of the hits. */
import { createHash } from 'node:crypto'
import type { Like, SearchInput } from '../search-input.ts'

/** What of the document is the query. */
export type LikeBy = 'vector' | 'text'

/** Stands for the query in a cursor, which is of one manifest version: there the document has one content. */
export function nameOfLike({ id }: Like): string {
  return createHash('sha256').update('like').update(id).digest('base64')
}

/** Hits that a search needs to find more, since one of them is left out. */
export function placesOfLike({ like }: Pick<SearchInput, 'like'>): number {
  return like === undefined ? 0 : 1
}

export function withoutLike<Hit extends { readonly id: string }>(hits: readonly Hit[], like: Like | undefined) {
  return like === undefined ? hits : hits.filter(({ id }) => id !== like.id)
}

export function likeByOf({ like, own }: Pick<SearchInput, 'like' | 'own'>): LikeBy | undefined {
  if (like === undefined) return undefined
  return own === undefined ? 'text' : 'vector'
}
