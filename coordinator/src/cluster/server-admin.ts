import { HypershardError, type RequestContext } from '@hypershard/common'
import type { Catalog } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { HealthQuestion, ServerFacts } from '../ports.ts'
import type { Cluster } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'
import { isWarm } from './shard-warmer.ts'

export interface ServerAdminParts {
  readonly cluster: Pick<Cluster, 'members'>
  readonly catalog: Pick<Catalog, 'list'>
}

/** How far a shard server's drain is. */
export interface DrainState extends Pick<ServerFacts, 'draining' | 'neededBy'> {
  readonly address: string
  /** Shards that no other live server has loaded which stays, as this coordinator sees it. */
  readonly shardsOnlyHere: number
}

/** Who wants to know is no coordinator that the server must wait for. */
const nobody: HealthQuestion = { coordinator: '', needed: false }

/** Drains shard servers, so that they can be taken away without a search noticing. */
export class ServerAdmin {
  readonly #parts: ServerAdminParts

  constructor(parts: ServerAdminParts) {
    this.#parts = parts
  }

  /**
   * Has a server say that it is draining, or no longer so. Coordinators hear of it with their next health checks.
   * @throws HypershardError `server_not_found`, `unavailable` when it cannot be reached or cannot drain
   */
  async drain(address: string, { undo }: { undo: boolean }, { deadline }: RequestContext): Promise<DrainState> {
    const member = this.#find(address)
    await member.server.drain({ undo }, deadline)
    return this.#stateOf(member, deadline)
  }

  /** @throws HypershardError `server_not_found`, `unavailable` when it cannot be reached */
  describe(address: string, { deadline }: RequestContext): Promise<DrainState> {
    return this.#stateOf(this.#find(address), deadline)
  }

  #find(address: string): ClusterMember {
    const found = this.#parts.cluster.members.find(member => member.address === address)
    if (found !== undefined) return found
    const message = `the cluster has no shard server \`${address}\`; GET /v1/cluster lists them`
    throw new HypershardError('server_not_found', message, { details: { server: address } })
  }

  /** What the server itself says: it hears all coordinators, and this one may have been told otherwise a while ago. */
  async #stateOf(member: ClusterMember, deadline: RequestContext['deadline']): Promise<DrainState> {
    const { facts } = await member.server.checkHealth(nobody, deadline)
    const { draining, neededBy } = facts ?? { draining: false, neededBy: 0 }
    return { address: member.address, draining, neededBy, shardsOnlyHere: this.#countOnlyOn(member) }
  }

  #countOnlyOn(member: ClusterMember): number {
    const others = this.#parts.cluster.members.filter(other => other !== member && other.live && !other.draining)
    return this.#parts.catalog.list().reduce((sum, entry) => {
      const only = [...eligibleByShard(entry.manifest).entries()].filter(
        ([shard, documents]) =>
          documents > 0 && isWarm(member, entry, shard) && !others.some(other => isWarm(other, entry, shard)),
      )
      return sum + only.length
    }, 0)
  }
}
