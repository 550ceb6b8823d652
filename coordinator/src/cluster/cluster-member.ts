import type { Deadline } from '@hypershard/common'
import type { SearchShardsRequest, ShardResult } from '@hypershard/proto/shard'
import type { ShardServerPort } from '../ports.ts'
import { isOfIndex } from './placement-of.ts'

/** A shard is warm on a server at one manifest version of one generation, which `indexUid` names. */
export interface WarmShard {
  readonly indexUid: string
  readonly version: number
  readonly shard: number
}

/** The version that searches pin, and the one that is loaded for the put under way, or was before the last one. */
const warmVersionsMax = 2

/** One configured shard server and what is known of it right now. */
export class ClusterMember {
  readonly server: ShardServerPort
  readonly weight: number
  #live = false
  #life = 0
  #downReason = 'not checked yet'
  #outstanding = 0
  /** By index uid: the newest versions prepared, ascending, and the shards of each that are loaded. */
  readonly #warm = new Map<string, ReadonlyMap<number, Set<number>>>()

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

  /** How often it came to life: what was known of it in another life says nothing about this one. */
  get life(): number {
    return this.#life
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
    if (!this.#live) this.#life++
    this.#live = true
    this.#downReason = ''
  }

  /** Whatever it had loaded counts as gone: when it comes back it may be a new process. */
  markDown(reason: string): void {
    this.#live = false
    this.#downReason = reason
    this.#warm.clear()
  }

  /** Keeps the newest two versions of an index: while one is loaded for a put, searches still pin the one before. */
  markWarm({ indexUid, version, shard }: WarmShard): void {
    const versions = this.#warm.get(indexUid) ?? new Map<number, Set<number>>()
    const shards = new Set(versions.get(version)).add(shard)
    const ascending = [...new Map(versions).set(version, shards)].sort(([a], [b]) => a - b)
    this.#warm.set(indexUid, new Map(ascending.slice(-warmVersionsMax)))
  }

  isWarm({ indexUid, version, shard }: WarmShard): boolean {
    return this.#warm.get(indexUid)?.get(version)?.has(shard) === true
  }

  forgetIndex(indexUid: string): void {
    for (const uid of this.#warm.keys()) if (isOfIndex(uid, indexUid)) this.#warm.delete(uid)
  }

  /** Nothing of this generation counts as loaded any more. */
  markReleased(generationUid: string): void {
    this.#warm.delete(generationUid)
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
