import type { ScanCounts } from '@hypershard/common'

/** A shard that was not searched whole, and why. */
export interface MissingShard {
  readonly shard: number
  readonly server: string
  readonly code: string
  readonly message: string
  readonly documentsMissing: number
}

/** How much of what should have been searched was searched. */
export interface Coverage extends ScanCounts {
  readonly documentsEligible: number
  /** Documents that pass the filter, as far as the answers tell; all eligible ones without a filter. */
  readonly documentsMatched: number
  /** Documents searched in any of these ways, or known not to pass the filter. */
  readonly documentsCovered: number
  /** Covered of eligible, 0 to 1; 1 for an empty index, and never 1 while a document is missing. */
  readonly ratio: number
  readonly nonFiniteScores: number
  /** By shard, ascending. */
  readonly missing: readonly MissingShard[]
}

/** Whether every document was searched that should have been. */
export function isWhole({ missing, ratio }: Pick<Coverage, 'missing' | 'ratio'>): boolean {
  return missing.length === 0 && ratio === 1
}
