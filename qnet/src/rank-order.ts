/** A place in the order of hits. */
export interface RankPosition {
  readonly score: number
  readonly id: string
}

/** What a score ranks as: NaN and both infinities come after every number, as equals. */
export function rankScore(score: number): number {
  return Number.isFinite(score) ? score : Number.NEGATIVE_INFINITY
}

/** Score descending, then id ascending by UTF-8 bytes. Negative when `a` ranks first. */
export function compareRank(a: RankPosition, b: RankPosition): number {
  const [scoreA, scoreB] = [rankScore(a.score), rankScore(b.score)]
  if (scoreA !== scoreB) return scoreB - scoreA
  return compareIds(a.id, b.id)
}

/** The order of the ids' UTF-8 bytes, which is also the order of their code points. */
export function compareIds(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}
