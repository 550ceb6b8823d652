import type { WeightedServer } from '../place-shards.ts'

/** Which shard servers there are, at one time. Two views of one source with the same number are the same. */
export interface MembershipView {
  /** From 1, growing with every change. */
  readonly number: number
  readonly servers: readonly WeightedServer[]
}

/** Where a coordinator learns which shard servers there are. Whether one lives is found out by asking it. */
export interface MembershipSource {
  currentView(): MembershipView
}
