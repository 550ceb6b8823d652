import { type Clock, HypershardError, type RequestContext, systemClock } from '@hypershard/common'
import type { SearchShardsRequest, ShardResult } from '@hypershard/proto/shard'
import { LRUCache } from 'lru-cache'
import type { ServerFacts, ShardServerPort } from '../ports.ts'
import { isComposed, namesOf, type QueryFields, type QueryPayload, requestQuery } from '../search/query-payload.ts'
import { MemberLoad } from './member-load.ts'
import { isOfIndex } from './placement-of.ts'

export type MemberRequest = Omit<SearchShardsRequest, keyof QueryFields> & { readonly payload: QueryPayload }

export interface MemberAnswer {
  readonly results: readonly ShardResult[]
  /** Bytes of the query that the server was sent. */
  readonly queryBytes: number
}

/** Queries that a server is believed to have: about what its cache holds of the largest q-nets, and more of others. */
const givenMax = 256

/** A shard is warm on a server at one manifest version of one generation, which `indexUid` names. */
export interface WarmShard {
  readonly indexUid: string
  readonly version: number
  readonly shard: number
}

/** The version that searches pin, and the one that is loaded for the put under way, or was before the last one. */
const warmVersionsMax = 2

export interface MemberOptions {
  readonly clock?: Clock
  /** After each change of whether it lives and what it has loaded. Must not throw. */
  readonly onChange?: () => void
}

const nothing: ReadonlySet<number> = new Set()

/** One shard server and what is known of it right now. It outlives the membership view that named it first. */
export class ClusterMember {
  readonly server: ShardServerPort
  /** As the newest membership view that names it says, as is `zone` where the server itself does not say. */
  weight: number
  listedZone = ''
  readonly #clock: Clock
  readonly #onChange: () => void
  #facts: ServerFacts | undefined
  /** By the injected clock. */
  #downSinceMs: number
  /** What its calls take, as this coordinator sees it: what replicas are chosen by. */
  readonly load = new MemberLoad()
  #live = false
  #life = 0
  #downReason = 'not checked yet'
  /** By index uid: the newest versions prepared, ascending, and the shards of each that are loaded. */
  readonly #warm = new Map<string, ReadonlyMap<number, Set<number>>>()
  /** Digests of queries that it was given; its own cache drops the least recently used as well. */
  readonly #given = new LRUCache<string, true>({ max: givenMax })

  constructor(server: ShardServerPort, weight: number, options: MemberOptions = {}) {
    this.server = server
    this.weight = weight
    this.#clock = options.clock ?? systemClock
    this.#onChange = options.onChange ?? (() => undefined)
    this.#downSinceMs = this.#clock.monotonicMs()
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

  /** Since when it is not live, on the clock's monotonic scale; undefined while it is. */
  get downSinceMs(): number | undefined {
    return this.#live ? undefined : this.#downSinceMs
  }

  /** The same in milliseconds since the epoch. */
  get downSince(): number | undefined {
    const { downSinceMs } = this
    return downSinceMs === undefined ? undefined : this.#clock.now() - this.#clock.monotonicMs() + downSinceMs
  }

  /** What it said of itself last, in this life or the one before. Undefined where it never did. */
  get facts(): ServerFacts | undefined {
    return this.#facts
  }

  get zone(): string {
    return this.#facts?.zone || this.listedZone
  }

  /** By its own last word: a server that said so and ended is not waited for. */
  get draining(): boolean {
    return this.#facts?.draining ?? false
  }

  /** Searches of this coordinator that it has not answered yet. */
  get outstanding(): number {
    return this.load.outstanding
  }

  /**
   * It is given less to do at first.
   * @param facts what it says of itself; undefined of a server that is too old to say
   */
  markLive(facts?: ServerFacts): void {
    this.#facts = facts
    if (this.#live) return
    this.#life++
    this.load.start(this.#clock.monotonicMs())
    this.#live = true
    this.#downReason = ''
    this.#onChange()
  }

  /** Whatever it had loaded counts as gone: when it comes back it may be a new process. */
  markDown(reason: string): void {
    if (this.#live) this.#downSinceMs = this.#clock.monotonicMs()
    this.#live = false
    this.#downReason = reason
    this.#warm.clear()
    this.#given.clear()
    this.#onChange()
  }

  /** Keeps the newest two versions of an index: while one is loaded for a put, searches still pin the one before. */
  markWarm({ indexUid, version, shard }: WarmShard): void {
    const versions = this.#warm.get(indexUid) ?? new Map<number, Set<number>>()
    const shards = new Set(versions.get(version)).add(shard)
    const ascending = [...new Map(versions).set(version, shards)].sort(([a], [b]) => a - b)
    this.#warm.set(indexUid, new Map(ascending.slice(-warmVersionsMax)))
    this.#onChange()
  }

  isWarm({ indexUid, version, shard }: WarmShard): boolean {
    return this.#warm.get(indexUid)?.get(version)?.has(shard) === true
  }

  /** The shards of a generation that it has loaded at a version. */
  warmAt(indexUid: string, version: number): ReadonlySet<number> {
    return this.#warm.get(indexUid)?.get(version) ?? nothing
  }

  /** The shards of a generation that it has loaded at any version. */
  warmShards(indexUid: string): ReadonlySet<number> {
    const versions = [...(this.#warm.get(indexUid)?.values() ?? [])]
    return versions.length === 1 ? versions[0]! : new Set(versions.flatMap(shards => [...shards]))
  }

  /** The uids of generations of which it has anything loaded. */
  warmGenerations(): string[] {
    return [...this.#warm.keys()]
  }

  /** Whether it has nothing loaded that this coordinator knows of. */
  get holdsNothing(): boolean {
    return this.#warm.size === 0
  }

  forgetIndex(indexUid: string): void {
    for (const uid of this.#warm.keys()) if (isOfIndex(uid, indexUid)) this.#warm.delete(uid)
    this.#onChange()
  }

  /** Nothing of this generation, or of these shards of it, counts as loaded any more. */
  markReleased(generationUid: string, shards?: Iterable<number>): void {
    const left = new Map<number, Set<number>>()
    if (shards !== undefined) {
      const gone = new Set(shards)
      for (const [version, warm] of this.#warm.get(generationUid) ?? []) {
        const kept = new Set([...warm].filter(shard => !gone.has(shard)))
        if (kept.size > 0) left.set(version, kept)
      }
    }
    if (left.size > 0) this.#warm.set(generationUid, left)
    else this.#warm.delete(generationUid)
    this.#onChange()
  }

  /** A query that it was given before goes as its digest alone, and whole once more when it is not known any more. */
  async search(request: MemberRequest, context: RequestContext): Promise<MemberAnswer> {
    const { payload, ...others } = request
    const ask = ({ fields }: { readonly fields: QueryFields }) => this.server.search({ ...others, ...fields }, context)
    const short = requestQuery(payload, digest => this.#given.get(digest) === true)
    if (short.named.length > 0) {
      const results = await this.#unlessUnknown(short.named, () => ask(short))
      if (results !== undefined) return this.#noteGiven(payload, { results, queryBytes: short.bytes })
    }
    const whole = requestQuery(payload, () => false)
    const results = await ask(whole).catch(error => {
      throw isComposed(payload) && findsNoQuery(error) ? this.#tooOld(error) : error
    })
    return this.#noteGiven(payload, { results, queryBytes: whole.bytes })
  }

  #noteGiven(payload: QueryPayload, answer: MemberAnswer): MemberAnswer {
    for (const digest of namesOf(payload)) this.#given.set(digest, true)
    return answer
  }

  async #unlessUnknown<Result>(digests: readonly string[], ask: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof HypershardError && error.code === 'query_unknown')) throw error
      for (const digest of digests) this.#given.delete(digest)
      return undefined
    }
  }

  #tooOld(cause: unknown): HypershardError {
    const message = `${this.address} is of a version that knows no composed queries; upgrade it`
    return new HypershardError('unavailable', message, { cause })
  }
}

/** What a server says that looks for a query in the fields of one alone. */
function findsNoQuery(error: unknown): boolean {
  return error instanceof HypershardError && error.code === 'invalid_request' && error.message.includes(noQuery)
}

const noQuery = 'give a q-net or token states'
