import { Cluster } from '../cluster/cluster.ts'
import type { FakeShardServer } from './fake-shard-server.ts'

/** A cluster of these servers, which all have the weight 1 unless told otherwise. @param random uniform in [0, 1) */
export function clusterOf(
  servers: readonly FakeShardServer[],
  options: { readonly weightOf?: (address: string) => number; readonly random?: () => number } = {},
): Cluster {
  const { weightOf = () => 1, random } = options
  const view = { number: 1, servers: servers.map(({ address }) => ({ address, weight: weightOf(address), zone: '' })) }
  return new Cluster(view, address => servers.find(server => server.address === address)!, random)
}
