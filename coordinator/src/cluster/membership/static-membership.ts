import type { WeightedServer } from '../place-shards.ts'
import type { MembershipSource } from './membership-source.ts'

/** The servers of a fixed list, `HYPERSHARD_SHARD_SERVERS`. Its one view never changes. */
export function staticMembership(servers: readonly WeightedServer[]): MembershipSource {
  const view = Object.freeze({ number: 1, servers })
  return { currentView: () => view }
}
