/** A shard that was not searched whole, and why. */
export interface MissingShard {
  readonly shard: number
  readonly server: string
  readonly code: string
  readonly message: string
  readonly documentsMissing: number
}

/** How much of what should have been searched was searched. */
export interface Coverage {
  readonly documentsEligible: number
  /** That pass the filter, as far as the answers tell; all eligible ones where there is none. */
  readonly documentsMatched: number
  /** By the q-net. */
  readonly documentsScored: number
  /** Ranked by a tangent of the q-net; those of them that seemed best were scored. */
  readonly documentsScanned: number
  /** In segments whose graph was walked to those that are best by a tangent. */
  readonly documentsWalked: number
  /** Searched, in one way or the other, or known not to pass the filter. */
  readonly documentsCovered: number
  /** Covered of eligible, 0 to 1; 1 for an empty index, and never 1 while a document is missing. */
  readonly ratio: number
  readonly nonFiniteScores: number
  /** By shard, ascending. */
  readonly missing: readonly MissingShard[]
}
