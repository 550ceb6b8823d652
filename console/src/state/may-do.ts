import type { AccessDescription, AccessScope } from '@hypershard/contract'

/** What a page or a part of it needs of the key; docs/security.md has it for each route. */
export interface Need {
  readonly scope: AccessScope
  /** It is of all indexes: the key must be for every one, and have no filter. */
  readonly wholeCluster?: boolean
  /** A key with a filter may do it too. */
  readonly keepsToFilter?: boolean
}

/** Whether a coordinator would let the caller in: what it would refuse is not shown. */
export function mayDo({ scopes, indexes, filtered }: AccessDescription, need: Need): boolean {
  if (!scopes.includes(need.scope)) return false
  if (filtered && need.keepsToFilter !== true) return false
  return need.wholeCluster !== true || (indexes.includes('*') && !filtered)
}
