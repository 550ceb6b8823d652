import type { Deadline } from '@hypershard/common'
import type { SearchShardsRequest, ShardResult } from '@hypershard/proto/shard'
import type { ShardServerPort } from '../ports.ts'

/** A shard is warm on a server at one manifest version of one index. */
export interface WarmShard {
  readonly indexUid: string
  readonly version: number
  readonly shard: number
}

/** One configured shard server and what is known of it right now. */
export class ClusterMember {
  readonly server: ShardServerPort
  readonly weight: number
  #live = false
  #downReason = 'not checked yet'
  #outstanding = 0
  /** By index uid: the version prepared last and the shards of it that are loaded. */
  readonly #warm = new Map<string, { version: number; shards: Set<number> }>()

  constructor(server: ShardServerPort, weight: number) {
    this.server = server
    this.weight = weight
  }

  get address(): string {
    return this.server.address
  }

  /** By its last health check. */
  get live(): boolean {
    return this.#live
  }

  /** Why it is not live; empty while it is. */
  get downReason(): string {
    return this.#downReason
  }

  /** Searches of this coordinator that it has not answered yet. */
  get outstanding(): number {
    return this.#outstanding
  }

  markLive(): void {
    this.#live = true
    this.#downReason = ''
  }

  /** Whatever it had loaded counts as gone: when it comes back it may be a new process. */
  markDown(reason: string): void {
    this.#live = false
    this.#downReason = reason
    this.#warm.clear()
  }

  markWarm({ indexUid, version, shard }: WarmShard): void {
    const known = this.#warm.get(indexUid)
    if (known?.version === version) known.shards.add(shard)
    else if (known === undefined || known.version < version) {
      this.#warm.set(indexUid, { version, shards: new Set([shard]) })
    }
  }

  isWarm({ indexUid, version, shard }: WarmShard): boolean {
    const known = this.#warm.get(indexUid)
    return known?.version === version && known.shards.has(shard)
  }

  forgetIndex(indexUid: string): void {
    this.#warm.delete(indexUid)
  }

  async search(request: SearchShardsRequest, deadline: Deadline): Promise<readonly ShardResult[]> {
    this.#outstanding++
    try {
      return await this.server.search(request, deadline)
    } finally {
      this.#outstanding--
    }
  }
}
