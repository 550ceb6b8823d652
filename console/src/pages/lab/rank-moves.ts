/** How a document of one list stands in another. */
export interface RankMove {
  /** Its rank there, from 1; undefined where that list does not have it. */
  readonly other: number | undefined
  /** How many ranks higher it is here; 0 where it is not there. */
  readonly by: number
}

/** For each hit of `hits`, where `others` has the same document. */
export function rankMoves(
  hits: readonly { readonly id: string }[],
  others: readonly { readonly id: string }[],
): RankMove[] {
  const ranks = new Map(others.map(({ id }, at) => [id, at + 1]))
  return hits.map(({ id }, at) => {
    const other = ranks.get(id)
    return { other, by: other === undefined ? 0 : other - (at + 1) }
  })
}

/** How alike two lists are: the share of the first `depth` that both have, of the longer list. */
export function overlapOf(
  hits: readonly { readonly id: string }[],
  others: readonly { readonly id: string }[],
  depth: number,
): number {
  const first = hits.slice(0, depth)
  const second = new Set(others.slice(0, depth).map(({ id }) => id))
  const longer = Math.max(first.length, second.size)
  return longer === 0 ? 1 : first.filter(({ id }) => second.has(id)).length / longer
}
