import { HypershardError } from '@hypershard/common'
import type { DrainedServer, ServerDescription } from '@hypershard/contract'

/** Coordinators that need a server when its drain begins: each time it is asked for, one less does. */
const neededByAtFirst = 2

/** Shard servers that drain, one look at a time. A server that does not live goes on being needed. */
export class FakeServers {
  readonly #looksLeft = new Map<string, number>()

  answer(servers: readonly ServerDescription[], address = '', order = ''): DrainedServer {
    const server = servers.find(candidate => candidate.address === address)
    if (server === undefined) throw new HypershardError('server_not_found', `there is no server \`${address}\``)
    const left = this.#looksLeft.get(address)
    if (order === 'drain') this.#looksLeft.set(address, neededByAtFirst)
    else if (order === 'undrain') this.#looksLeft.delete(address)
    else if (server.live && left !== undefined) this.#looksLeft.set(address, Math.max(0, left - 1))
    const neededBy = this.#looksLeft.get(address)
    // Of the first server's shards, others get all.
    const shardsOnlyHere = neededBy === 0 ? 0 : server.shards.length
    return { ...server, draining: neededBy !== undefined, needed_by: neededBy ?? 0, shards_only_here: shardsOnlyHere }
  }
}
