import { compareRank, type Deadline, HypershardError, nothingScanned, type RequestContext } from '@hypershard/common'
import {
  type CountShardsRequest,
  type CountShardsResponse,
  type CountWordsRequest,
  type DocumentAddress,
  type FetchedDocument,
  type Filter,
  type FindRequest,
  type FoundDocument,
  type ListShardRequest,
  type ListShardResponse,
  type ManifestReference,
  type PreparedShard,
  SearchPlan,
  type SearchShardsRequest,
  type ShardHit,
  type ShardResult,
  type ShardWords,
  StopReason,
} from '@hypershard/proto/shard'
import { protocolVersion } from '@hypershard/proto/versions'
import { type Manifest, type ObjectStore, readManifest } from '@hypershard/storage'
import { passesFilter } from '../access/passes-filter.ts'
import type { HealthQuestion, ServerHealth, ShardServerPort } from '../ports.ts'
import { countPassing, listNaively } from './list-naively.ts'
import { type LoadedDocument, loadShard } from './load-shard.ts'
import { countWordsNaively, rankByWordsNaively, wordsOfDocument } from './naive-words-score.ts'
import { readDocument } from './read-document.ts'
import { scorerOf } from './score-composed.ts'
import { sleepWithin } from './sleep-within.ts'
import { countNaively, exactValuesOf, groupNaively, sortNaively, tellNaively } from './values-of-fields.ts'

/** A shard server of our own port: reads real segments from the store, scores naively, and misbehaves when told to. */
export class FakeShardServer implements ShardServerPort {
  readonly address: string
  readonly prepared: { version: number; shards: readonly number[] }[] = []
  readonly released: string[] = []
  /** Shards that it was to let go of by themselves, each with its generation. */
  readonly releasedShards: string[] = []
  /** Shards that it keeps all the same. */
  readonly keptShards = new Set<number>()
  /** How many shards fit, whatever their size. */
  roomMax = Number.POSITIVE_INFINITY
  /** Shards that do not fit any more in any further version. */
  readonly fullFor = new Set<number>()
  /** What it has loaded, by index uid, generation, shard and version; gone with its life. */
  readonly loaded = new Map<string, Set<number>>()
  /** Searches of shards that it had to load first. */
  coldSearches = 0
  /** Generations that it was to let go of by themselves. */
  readonly releasedGenerations: number[] = []
  readonly searches: SearchShardsRequest[] = []
  readonly filterCounts: CountShardsRequest[] = []
  /** Calls for documents by themselves. */
  fetches = 0
  finds = 0
  /** Refuses every call, as a process that is gone. */
  down = false
  /** Answers nothing until the deadline, as a process that is stopped. */
  hanging = false
  /** Another one: the process was started again between two health checks. */
  life = 'first'
  readonly facts = {
    protocolVersion,
    zone: '',
    device: 'cpu',
    memoryBytes: 1e9,
    memoryFreeBytes: 1e9,
    draining: false,
    neededBy: 0,
  }
  /** What coordinators said of themselves with the health checks. */
  readonly questions: HealthQuestion[] = []
  /** The terms that it was asked to count. */
  readonly counts: string[][] = []
  /** Refuses to count words only. */
  countFails = false
  /** Refuses to fetch only. */
  fetchFails = false
  /** Gives the documents that were asked for in another order. */
  fetchMixesUp = false
  /** Gives hits the documents of others. */
  attachMixesUp = false
  /** What it says it scored, given the truth. */
  claimScored = (scored: number) => scored
  /** Shards it reports an error for. */
  readonly failingShards = new Set<number>()
  /** Awaited before it loads shards, and before it searches: a test holds it up here until something has happened. */
  beforePrepare = async (): Promise<void> => undefined
  beforeSearch = async (): Promise<void> => undefined
  /** How long it takes to load shards; cut off by the deadline. */
  prepareMs = 0
  /** How long a search takes; cut off by the deadline. */
  searchMs = 0
  readonly #storeOf: () => ObjectStore
  /** By index, version and shard. */
  readonly #loaded = new Map<string, Promise<LoadedDocument[]>>()

  constructor(address: string, storeOf: () => ObjectStore) {
    this.address = address
    this.#storeOf = storeOf
  }

  async checkHealth(question: HealthQuestion, deadline: Deadline): Promise<ServerHealth> {
    this.questions.push(question)
    await this.#behave(deadline)
    return { serving: true, life: this.life, facts: { ...this.facts } }
  }

  async drain({ undo }: { undo: boolean }, deadline: Deadline): Promise<void> {
    await this.#behave(deadline)
    this.facts.draining = !undo
  }

  async prepare(
    { manifest, shards }: { manifest: ManifestReference; shards: readonly number[] },
    deadline: Deadline,
  ): Promise<PreparedShard[]> {
    await this.#behave(deadline)
    await this.beforePrepare()
    await sleepWithin(this.prepareMs, deadline, this.address)
    this.prepared.push({ version: manifest.version, shards })
    return shards.map(shard => {
      const noRoom = !this.#hasRoom(manifest, shard)
      const error = noRoom ? { code: 'overloaded', message: `${this.address}: no room` } : this.#errorOf(shard)
      if (error === undefined) this.#noteLoaded(manifest, shard)
      return { shard, documents: 0, bytes: 0, error, noRoom }
    })
  }

  /** Another process from now on, which has nothing loaded. */
  restart(): void {
    this.life = `${this.life}+`
    this.loaded.clear()
  }

  #hasRoom({ indexUid, generation }: ManifestReference, shard: number): boolean {
    if (this.fullFor.has(shard)) return false
    return this.loaded.has(`${indexUid}/${generation}/${shard}`) || this.loaded.size < this.roomMax
  }

  #noteLoaded({ indexUid, generation, version }: ManifestReference, shard: number): void {
    const key = `${indexUid}/${generation}/${shard}`
    this.loaded.set(key, new Set(this.loaded.get(key)).add(version))
  }

  #isLoaded({ indexUid, generation, version }: ManifestReference, shard: number): boolean {
    return this.loaded.get(`${indexUid}/${generation}/${shard}`)?.has(version) === true
  }

  async search(request: SearchShardsRequest, { deadline }: RequestContext): Promise<ShardResult[]> {
    this.searches.push(request)
    await this.#behave(deadline)
    await this.beforeSearch()
    await sleepWithin(this.searchMs, deadline, this.address)
    for (const shard of request.shards) {
      if (!this.#isLoaded(request.manifest!, shard)) this.coldSearches++
      this.#noteLoaded(request.manifest!, shard)
    }
    const results = await Promise.all(request.shards.map(shard => this.#searchShard(shard, request)))
    await this.#attach(request, results)
    return results
  }

  async countWords(
    { manifest, shards, terms, filter }: CountWordsRequest,
    { deadline }: RequestContext,
  ): Promise<ShardWords[]> {
    this.counts.push(terms)
    await this.#behave(deadline)
    return Promise.all(
      shards.map(async shard => {
        const error = this.countFails
          ? { code: 'internal', message: `${this.address}: told to fail` }
          : this.#errorOf(shard)
        if (error !== undefined) return { shard, documents: 0, words: 0, documentCounts: [], error }
        const stored = await readManifest(this.#storeOf(), manifest!)
        const loaded = await this.#loadOnce(manifest!, shard)
        const counted = filter === undefined ? loaded : await this.#passing(filter, manifest!, loaded)
        const all = await Promise.all(counted.map(document => this.#wordsOf(stored, document)))
        return { shard, ...countWordsNaively(all, terms), error: undefined }
      }),
    )
  }

  async #wordsOf(manifest: Manifest, { address }: LoadedDocument): Promise<string[]> {
    return wordsOfDocument(await this.#read(manifest, address), manifest.lexical!)
  }

  async #byWords(request: SearchShardsRequest, documents: readonly LoadedDocument[], ranked: readonly ShardHit[]) {
    const stored = await readManifest(this.#storeOf(), request.manifest!)
    const wordsOf = (id: string) => this.#wordsOf(stored, documents.find(document => document.id === id)!)
    return rankByWordsNaively(request, ranked, wordsOf)
  }

  async count(request: CountShardsRequest, { deadline }: RequestContext): Promise<CountShardsResponse> {
    this.filterCounts.push(request)
    await this.#behave(deadline)
    const store = this.#storeOf()
    const manifest = await readManifest(store, request.manifest!)
    const counting = request.shards.map(async shard => {
      const error = this.#errorOf(shard)
      const passing = error === undefined ? await countPassing(store, manifest, { shard, filter: request.filter }) : 0
      return { shard, documents: passing, error }
    })
    return { counts: await Promise.all(counting) }
  }

  async list(request: ListShardRequest, { deadline }: RequestContext): Promise<ListShardResponse> {
    await this.#behave(deadline)
    const error = this.#errorOf(request.shard)
    if (error !== undefined) throw new HypershardError('corrupt_data', error.message)
    const store = this.#storeOf()
    return listNaively(store, await readManifest(store, request.manifest!), request)
  }

  /** A server that cannot fetch gives hits without documents too. */
  async #attach({ manifest, documents }: SearchShardsRequest, results: readonly ShardResult[]): Promise<void> {
    const best = results
      .flatMap(({ hits, groups }) => (groups === undefined ? hits : groups.groups.flatMap(group => group.hits)))
      .sort(compareRank)
      .slice(0, documents)
    if (best.length === 0 || this.fetchFails) return
    const stored = await readManifest(this.#storeOf(), manifest!)
    const given = this.attachMixesUp || this.fetchMixesUp ? best.toReversed() : best
    for (const [at, hit] of best.entries()) hit.document = await this.#read(stored, given[at]!.address!)
  }

  async fetch(
    { manifest, addresses }: { manifest: ManifestReference; addresses: readonly DocumentAddress[] },
    { deadline }: RequestContext,
  ): Promise<FetchedDocument[]> {
    this.fetches++
    await this.#behave(deadline)
    if (this.fetchFails) throw new HypershardError('internal', `${this.address}: told to fail`)
    const asked = this.fetchMixesUp ? addresses.toReversed() : addresses
    const stored = await readManifest(this.#storeOf(), manifest)
    return Promise.all(asked.map(address => this.#read(stored, address)))
  }

  async find(
    { manifest, shard, id, withVector }: FindRequest,
    { deadline }: RequestContext,
  ): Promise<FoundDocument | undefined> {
    this.finds++
    await this.#behave(deadline)
    if (this.fetchFails) throw new HypershardError('internal', `${this.address}: told to fail`)
    const found = (await this.#loadOnce(manifest!, shard)).find(document => document.id === id)
    if (found === undefined) return undefined
    const document = await this.#read(await readManifest(this.#storeOf(), manifest!), found.address)
    const { buffer, byteOffset, byteLength } = found.vector
    const vector = withVector ? Buffer.from(buffer, byteOffset, byteLength) : Buffer.alloc(0)
    return { address: found.address, document, vector }
  }

  async release({
    uid,
    generation,
    shards = [],
  }: {
    uid: string
    generation?: number
    shards?: readonly number[]
  }): Promise<number[]> {
    if (this.down) throw new HypershardError('unavailable', `shard server ${this.address}: connection refused`)
    const kept = shards.filter(shard => this.keptShards.has(shard))
    for (const shard of shards) {
      if (kept.includes(shard)) continue
      this.releasedShards.push(`${uid}/${generation}/${shard}`)
      this.loaded.delete(`${uid}/${generation}/${shard}`)
    }
    if (shards.length > 0) return kept
    this.released.push(uid)
    if (generation !== undefined) this.releasedGenerations.push(generation)
    return []
  }

  close(): void {}

  async #searchShard(shard: number, request: SearchShardsRequest): Promise<ShardResult> {
    const { manifest, limit, after, filter, facets, words, groupBy, sort, plan, valuesOf } = request
    const error = this.#errorOf(shard)
    const nothing = {
      shard,
      hits: [],
      ...nothingScanned,
      plan: SearchPlan.SEARCH_PLAN_EXACT,
      headMs: 0,
      facets: [],
      groups: undefined,
      documentsMatched: 0,
      documentsBefore: undefined,
      estimates: [],
      nonFiniteScores: 0,
      queueMs: 0,
      scoreMs: 0,
    }
    if (error !== undefined) return { ...nothing, stopReason: StopReason.STOP_REASON_ERROR, error }
    const scored = scorerOf(request)
    const loaded = await this.#loadOnce(manifest!, shard)
    const documents = filter === undefined ? loaded : await this.#passing(filter, manifest!, loaded)
    const ranked: ShardHit[] = documents
      .map(({ id, vector, address }) => ({
        id,
        ...scored(vector),
        address,
        document: undefined,
        passage: undefined,
        sort: [],
      }))
      .sort(compareRank)
    const joined = words && (await this.#byWords(request, documents, ranked))
    const all = joined?.ranked ?? ranked
    const isAfter = (hit: ShardHit) => {
      const order = after === undefined ? -1 : compareRank(after, hit)
      return order < 0 || (order === 0 && after?.inclusive === true)
    }
    const page = all.filter(isAfter)
    const told = async (hits: readonly ShardHit[]) =>
      valuesOf === undefined ? [...hits] : tellNaively(await this.#withValues(valuesOf, manifest!, hits))
    return {
      ...nothing,
      hits:
        sort.length > 0
          ? await this.#sort(request, ranked)
          : groupBy === undefined
            ? await told(page.slice(0, limit))
            : [],
      groups: groupBy && groupNaively(await this.#withValues(groupBy.field, manifest!, ranked), groupBy),
      ...(joined && { wordHits: { hits: await told(joined.wordHits.hits) } }),
      documentsScored: this.claimScored(documents.length),
      documentsMatched: documents.length,
      documentsBefore: after?.inclusive ? ranked.length - page.length : undefined,
      estimates: plan === SearchPlan.SEARCH_PLAN_TANGENT ? page.slice(0, limit).map(({ score }) => score - 1) : [],
      nonFiniteScores: ranked.filter(hit => !Number.isFinite(hit.score)).length,
      facets: await Promise.all(
        facets.map(async field =>
          countNaively((await this.#withValues(field, manifest!, documents)).map(({ values }) => values)),
        ),
      ),
      stopReason: StopReason.STOP_REASON_COMPLETE,
      error: undefined,
    }
  }

  async #passing(filter: Filter, reference: ManifestReference, loaded: readonly LoadedDocument[]) {
    const { kind } = filter
    if (kind?.$case === 'ids') return loaded.filter(({ id }) => kind.value.values.includes(id))
    const manifest = await readManifest(this.#storeOf(), reference)
    const passing: LoadedDocument[] = []
    for (const document of loaded) {
      const { title, text, fieldsJson: fields } = await this.#read(manifest, document.address)
      if (passesFilter(filter, manifest, { title, text, fields })) passing.push(document)
    }
    return passing
  }

  async #sort(request: SearchShardsRequest, ranked: readonly ShardHit[]): Promise<ShardHit[]> {
    const { sort, manifest } = request
    const columns = await Promise.all(sort.map(({ field }) => this.#withValues(field, manifest!, ranked)))
    const found = ranked.map((hit, at) => ({ hit, values: columns.map(column => column[at]!.values) }))
    return sortNaively(found, request)
  }

  async #withValues<Found extends { readonly address: DocumentAddress | undefined }>(
    field: string,
    reference: ManifestReference,
    found: readonly Found[],
  ) {
    const manifest = await readManifest(this.#storeOf(), reference)
    const read = found.map(async hit => {
      const { fieldsJson } = await this.#read(manifest, hit.address!)
      return { hit, values: exactValuesOf(field, manifest.fields ?? {}, fieldsJson) }
    })
    return Promise.all(read)
  }

  #loadOnce(manifest: ManifestReference, shard: number): Promise<LoadedDocument[]> {
    const key = `${manifest.indexUid}/${manifest.generation}/${manifest.version}/${shard}`
    const loaded = this.#loaded.get(key) ?? loadShard(this.#storeOf(), manifest, shard)
    this.#loaded.set(key, loaded)
    return loaded
  }

  #read(manifest: Manifest, address: DocumentAddress): Promise<FetchedDocument> {
    return readDocument(this.#storeOf(), manifest, address)
  }

  #errorOf(shard: number) {
    if (!this.failingShards.has(shard)) return undefined
    return { code: 'corrupt_data', message: `${this.address}: shard ${shard} is told to fail` }
  }

  async #behave(deadline: Deadline): Promise<void> {
    if (this.down) throw new HypershardError('unavailable', `shard server ${this.address}: connection refused`)
    if (this.hanging) await sleepWithin(Number.POSITIVE_INFINITY, deadline, this.address)
  }
}
