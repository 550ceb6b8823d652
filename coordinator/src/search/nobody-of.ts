import type { ClusterMember } from '../cluster/cluster-member.ts'
import type { ShardFailure } from './shard-answer.ts'

/** Why no server can be asked for a shard. @param holders in the order to ask them, none of which lives */
export function nobodyOf([first]: readonly ClusterMember[]): Omit<ShardFailure, 'shard'> {
  const server = first?.address ?? 'no server'
  const message =
    first === undefined
      ? 'no shard server is known; start one, and see HYPERSHARD_SHARD_SERVERS'
      : `shard server ${server} is down: ${first.downReason}; start it again`
  return { server, code: 'unavailable', message }
}
