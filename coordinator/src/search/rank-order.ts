import { compareIds } from '@hypershard/segments'

/**
 * The order of every list of hits: score descending, then id ascending by UTF-8 bytes. A score that is NaN or infinite
 * says nothing of relevance: such documents rank after all others, among themselves by id alone.
 */
export interface Ranked {
  readonly id: string
  readonly score: number
}

/** Negative when `a` ranks before `b`, 0 only for the same place. */
export function compareRanked(a: Ranked, b: Ranked): number {
  const aFinite = Number.isFinite(a.score)
  const bFinite = Number.isFinite(b.score)
  if (aFinite !== bFinite) return aFinite ? -1 : 1
  if (aFinite && a.score !== b.score) return a.score > b.score ? -1 : 1
  return compareIds(a.id, b.id)
}
