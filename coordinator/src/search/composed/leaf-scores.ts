/** What a composed query's leaves say of a document. */
export interface LeafScores {
  /** In deviations above the mean, one a leaf; NaN for one that is not finite. */
  readonly scores: readonly number[]
  /** The place of the leaf that gave it its place in the order. */
  readonly leaf: number
}
