import { byLabel, type Meter, only } from '@hypershard/common'
import type { EncoderState } from '../ports.ts'
import type { ClusterMember } from './cluster-member.ts'
import { type DescribeParts, describeMoves, unplacedShards } from './describe-servers.ts'
import { clusterMetrics } from './metrics.ts'

export interface ReadClusterParts extends DescribeParts {
  readonly encoders: { describe(): readonly EncoderState[] }
}

/** Every state has a value, also 0: an alert on a state that never was would see nothing. */
const states = { live: 0, draining: 0, down: 0 }
const moveStates = { waiting: 0, loading: 0, failed: 0, releasing: 0 }

/** Has the other processes read as this coordinator sees them. */
export function readCluster(meter: Meter, parts: ReadClusterParts): void {
  const { cluster, encoders } = parts
  meter.read(clusterMetrics.servers, () => byLabel('state', tally(states, cluster.members.map(stateOf))))
  meter.read(clusterMetrics.encoders, () => byLabel('state', tally(states, encoders.describe().map(stateOf))))
  meter.read(clusterMetrics.view, () => only(cluster.view.number))
  meter.read(clusterMetrics.moves, () => {
    const moves = describeMoves(parts).map(({ state }) => state)
    return byLabel('state', tally(moveStates, moves))
  })
  meter.read(clusterMetrics.unplaced, () => only(unplacedShards(parts).length))
}

function stateOf({ live, draining }: Pick<ClusterMember, 'live' | 'draining'>): keyof typeof states {
  if (!live) return 'down'
  return draining ? 'draining' : 'live'
}

function tally<State extends string>(none: Readonly<Record<State, number>>, found: readonly State[]) {
  const counts: Record<State, number> = { ...none }
  for (const state of found) counts[state]++
  return counts
}
