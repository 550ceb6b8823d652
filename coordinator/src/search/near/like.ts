/** What `like` changes in the steps of a search: its documents are searched as any other, and left out of the hits. */
import { createHash } from 'node:crypto'
import type { Like, SearchInput } from '../search-input.ts'

/** What of the document is the query. */
export type LikeBy = 'vector' | 'text'

/** Stands for the query in a cursor, which is of one manifest version: there the document has one content. */
export function nameOfLike({ id }: Like): string {
  return createHash('sha256').update('like').update(id).digest('base64')
}

/** Documents that the query is made of, each once. */
export function likedIds({ like, liked = [] }: Pick<SearchInput, 'like' | 'liked'>): readonly string[] {
  return like === undefined ? liked : [like.id]
}

/** Hits that a search needs to find more, since so many of them are left out. */
export function placesOfLike(input: Pick<SearchInput, 'like' | 'liked'>): number {
  return likedIds(input).length
}

export function withoutLiked<Hit extends { readonly id: string }>(hits: readonly Hit[], liked: readonly string[]) {
  return liked.length === 0 ? hits : hits.filter(({ id }) => !liked.includes(id))
}

export function likeByOf({ like, own }: Pick<SearchInput, 'like' | 'own'>): LikeBy | undefined {
  if (like === undefined) return undefined
  return own === undefined ? 'text' : 'vector'
}
