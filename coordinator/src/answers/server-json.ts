import type { drainedServerSchema } from '@hypershard/contract'
import type { z } from 'zod'
import type { ClusterDescription } from '../cluster/describe-servers.ts'
import type { DrainState } from '../cluster/server-admin.ts'
import { clusterJson } from './cluster-json.ts'

/** Of the cluster's description, the one server; undefined when it has left the cluster since it was asked. */
export function serverJson(
  description: ClusterDescription,
  { address, draining, neededBy, shardsOnlyHere }: DrainState,
): z.input<typeof drainedServerSchema> | undefined {
  const server = clusterJson(description).servers.find(candidate => candidate.address === address)
  return server && { ...server, draining, needed_by: neededBy, shards_only_here: shardsOnlyHere }
}
