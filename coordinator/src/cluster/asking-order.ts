import type { ClusterMember } from './cluster-member.ts'

/** Whom to ask for a shard, list by list. Within a list servers differ in their load alone. */
export interface AskingOrder {
  /** They have it loaded; once all that are to hold it have, no others do. */
  readonly first: readonly ClusterMember[]
  /** They have it loaded and are not to hold it any more. */
  readonly last: readonly ClusterMember[]
  /** They live and must load it first. */
  readonly cold: readonly ClusterMember[]
  readonly down: readonly ClusterMember[]
}

/** Whether all that are to hold a shard live and have it loaded: others that have it are not needed any more. */
export function isSettled(holders: readonly ClusterMember[], warm: readonly ClusterMember[]): boolean {
  return holders.length > 0 && holders.every(holder => warm.includes(holder))
}

/**
 * @param holders that are to hold the shard, live or not
 * @param warm that live and have it loaded
 */
export function askingOrder(holders: readonly ClusterMember[], warm: readonly ClusterMember[]): AskingOrder {
  const first = isSettled(holders, warm) ? warm.filter(member => holders.includes(member)) : warm
  return {
    first,
    last: warm.filter(member => !first.includes(member)),
    cold: holders.filter(member => member.live && !warm.includes(member)),
    down: holders.filter(member => !member.live),
  }
}
