import { type Clock, silentLogger } from '@hypershard/common'
import { Cluster } from '../cluster/cluster.ts'
import { FakeMembership } from './fake-membership.ts'
import type { FakeShardServer } from './fake-shard-server.ts'

interface ClusterOptions {
  readonly weightOf?: (address: string) => number
  /** Uniform in [0, 1). */
  readonly random?: () => number
  readonly clock?: Clock
  readonly replaceAfterMs?: number
  readonly membership?: FakeMembership
}

/** A cluster of these servers, which all have the weight 1 and are all named unless told otherwise. */
export function clusterOf(servers: readonly FakeShardServer[], options: ClusterOptions = {}): Cluster {
  const { weightOf = () => 1, random, clock, replaceAfterMs = 30_000 } = options
  const entries = servers.map(({ address }) => ({ address, weight: weightOf(address), zone: '' }))
  return new Cluster({
    membership: options.membership ?? new FakeMembership(entries),
    connect: address => servers.find(server => server.address === address)!,
    replaceAfterMs,
    log: silentLogger(),
    ...(clock && { clock }),
    ...(random && { random }),
  })
}
