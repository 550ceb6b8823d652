import type { SearchInput } from '../search-input.ts'

/** Whether groups are made of a list of the best hits (`groupRanked`), and not of all documents (`groupHits`). */
export function groupsTheRanked({
  groupBy,
  hybrid,
  rerank,
}: Pick<SearchInput, 'groupBy' | 'hybrid' | 'rerank'>): boolean {
  return groupBy !== undefined && (hybrid !== undefined || rerank !== undefined)
}
