/** A place in the order of hits. */
export interface RankPosition {
  readonly score: number
  readonly id: string
}

/** Where a list of hits goes on. */
export interface RankStart extends RankPosition {
  /** Whether what stands at the position belongs to what is after it. */
  readonly inclusive?: boolean
}

/**
 * What a score ranks as. NaN and the infinities say nothing of relevance: they come after every number, as equals.
 */
export function rankScore(score: number): number {
  return Number.isFinite(score) ? score : Number.NEGATIVE_INFINITY
}

/**
 * The order of every list of hits: score descending, then id ascending by UTF-8 bytes. Negative when `a` ranks first, 0
 * only for the same place.
 * @example
 * ```ts
 * hits.sort(compareRank)
 * ```
 */
export function compareRank(a: RankPosition, b: RankPosition): number {
  const [scoreA, scoreB] = [rankScore(a.score), rankScore(b.score)]
  return scoreA === scoreB ? compareIds(a.id, b.id) : scoreB - scoreA
}

/**
 * The order of ids: by their UTF-8 bytes, which is by code point, and not JavaScript's own order of UTF-16 units.
 * @returns negative, 0 or positive, for `sort`
 */
export function compareIds(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return codePointRank(a) - codePointRank(b)
  }
  return left.length - right.length
}

/** Surrogates stand for code points above U+FFFF, so they come after U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
