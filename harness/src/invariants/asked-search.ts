/** What was asked of a search, as far as its answer can break a promise about it. */
export interface AskedSearch {
  readonly k: number
  /** 0 to 1. */
  readonly minCoverage: number
  /** The answer sees everything up to this entry of the write log; 0 for whatever is there. */
  readonly minSequence: number
}
