import { setTimeout as wait } from 'node:timers/promises'
import { compareRank, type Deadline, HypershardError, nothingScanned, WorkGate, waitWithin } from '@hypershard/common'
import { scoreOf } from '@hypershard/harness'
import {
  type DocumentAddress,
  type FetchedDocument,
  type ManifestReference,
  type PreparedShard,
  SearchPlan,
  type SearchShardsRequest,
  type ShardHit,
  type ShardResult,
  StopReason,
} from '@hypershard/proto/shard'
import { protocolVersion } from '@hypershard/proto/versions'
import type { HealthQuestion, ServerHealth } from '../../ports.ts'
import { type Corpus, type CorpusRow, documentBytes } from './corpus.ts'

/** Ways to tell another story than the truth, which a coordinator can see through. */
export const lies = [
  'claims more than there is',
  'claims half of what it did',
  'does half and says that it is done',
  'leaves shards out',
  'gives texts of others',
  'fails shards',
  'gives hits of another shard',
  'gives hits in another order',
  'gives hits twice',
  'gives more hits than asked for',
] as const

export type Lie = (typeof lies)[number]

/** What is wrong with a server, as long as it is. */
export interface Mood {
  /** On top of a search, of this share of them. */
  slowMs: number
  slowShare: number
  lie: Lie | undefined
  /** It answers nothing and does nothing until then, as a process that is stopped. */
  frozenUntil: Promise<void> | undefined
}

export interface ServerShape {
  readonly address: string
  readonly zone: string
  readonly memoryBytes: number
}

/** Told of every document that is really scored. */
export type NoteSearched = (query: string, version: number, shard: number, documents: number) => void

const scoresAtOnceMax = 8
const waitingMax = 256
const callMs = 2
const msPerDocument = 0.05
/** Loading from the store. */
const loadMs = 150
const versionsKept = 3
/** It does not let go of a shard that somebody asked for so lately. */
const keptMs = 30_000
/** It ends so much before the deadline of a call, so that its answer arrives in time. */
const answerMs = 15

/** One life of a shard server's process: what it has loaded dies with it. */
export class SimulatedServer {
  readonly shape: ServerShape
  readonly mood: Mood
  readonly life: string
  readonly #corpus: Corpus
  readonly #noteSearched: NoteSearched
  readonly #gate = new WorkGate({ work: 'searches', where: 'here', inFlightMax: scoresAtOnceMax, waitingMax })
  /** By version and shard. */
  readonly #loaded = new Map<string, Promise<number>>()
  readonly #died = Promise.withResolvers<never>()
  /** Coordinators that said lately whether they need it. */
  readonly #needed = new Map<string, boolean>()
  /** By shard: when it was loaded or searched last. */
  readonly #askedMs = new Map<number, number>()
  #heldBytes = 0
  draining = false

  constructor(
    shape: ServerShape,
    mood: Mood,
    life: string,
    surroundings: { corpus: Corpus; noteSearched: NoteSearched },
  ) {
    this.shape = shape
    this.mood = mood
    this.life = life
    this.#corpus = surroundings.corpus
    this.#noteSearched = surroundings.noteSearched
    this.#died.promise.catch(() => undefined)
  }

  die(): void {
    const message = `shard server ${this.shape.address}: the connection was cut`
    this.#died.reject(new HypershardError('unavailable', message))
  }

  /** Does something as long as the process lives. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return Promise.race([this.#died.promise, this.#awake().then(work)])
  }

  /** Whether so many coordinators have said, since it is draining, that they do not need it any more. */
  mayLeave(coordinators: number): boolean {
    return this.draining && this.#needed.size === coordinators && this.#neededBy === 0
  }

  get #neededBy(): number {
    return [...this.#needed.values()].filter(needed => needed).length
  }

  async describe({ coordinator, needed }: HealthQuestion): Promise<ServerHealth> {
    if (this.draining) this.#needed.set(coordinator, needed)
    const { zone, memoryBytes } = this.shape
    const memoryFreeBytes = Math.max(0, memoryBytes - this.#heldBytes)
    const { draining } = this
    const facts = {
      protocolVersion,
      zone,
      device: 'cpu',
      memoryBytes,
      memoryFreeBytes,
      draining,
      neededBy: this.#neededBy,
    }
    return { serving: true, life: this.life, facts }
  }

  async prepare(
    { manifest, shards }: { manifest: ManifestReference; shards: readonly number[] },
    deadline: Deadline,
  ): Promise<PreparedShard[]> {
    const prepared: PreparedShard[] = []
    for (const shard of shards) prepared.push(await this.#prepareOne(manifest.version, shard, deadline))
    return prepared
  }

  async search(request: SearchShardsRequest, deadline: Deadline): Promise<ShardResult[]> {
    const inTime = deadline.earlier(answerMs)
    return this.#gate.run(inTime, async () => {
      const { slowMs, slowShare } = this.mood
      await this.#spend(callMs + (Math.random() < slowShare ? slowMs : 0), inTime)
      const results: ShardResult[] = []
      for (const shard of request.shards) results.push(await this.#searchShard(shard, request, inTime))
      this.#attach(request, results)
      return this.mood.lie === 'leaves shards out' ? results.slice(1) : results
    })
  }

  async fetch(
    { manifest, addresses }: { manifest: ManifestReference; addresses: readonly DocumentAddress[] },
    deadline: Deadline,
  ): Promise<FetchedDocument[]> {
    await this.#spend(callMs, deadline)
    const rows = this.#corpus.rowsOf(manifest.version)
    const found = addresses.map(address => documentAt(rows, address))
    return this.mood.lie === 'gives texts of others' ? found.toReversed().map(mixedUp) : found
  }

  /** Lets go of all that it has loaded, or of these shards. @returns those that somebody asked for lately */
  release(shards?: readonly number[]): number[] {
    const kept = (shards ?? []).filter(shard => performance.now() - (this.#askedMs.get(shard) ?? 0) < keptMs)
    for (const [key, bytes] of this.#loaded) {
      const shard = Number(key.split('/')[1])
      if (shards !== undefined && (!shards.includes(shard) || kept.includes(shard))) continue
      this.#drop(key, bytes)
    }
    return kept
  }

  async #prepareOne(version: number, shard: number, deadline: Deadline): Promise<PreparedShard> {
    try {
      const bytes = await this.#load(version, shard, deadline)
      return { shard, documents: bytes / documentBytes, bytes, error: undefined, noRoom: false }
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      const { code, message } = error
      return { shard, documents: 0, bytes: 0, error: { code, message }, noRoom: code === 'overloaded' }
    }
  }

  /** The bytes of a shard once it is in memory. */
  #load(version: number, shard: number, deadline: Deadline): Promise<number> {
    const key = `${version}/${shard}`
    this.#askedMs.set(shard, performance.now())
    const known = this.#loaded.get(key)
    if (known !== undefined) return waitWithin(known, deadline, 'loading')
    const bytes = this.#corpus.rowsOf(version, shard).length * documentBytes
    this.#dropBefore(version - versionsKept + 1)
    if (this.#heldBytes + bytes > this.shape.memoryBytes) this.#dropBefore(version)
    if (this.#heldBytes + bytes > this.shape.memoryBytes) {
      const message = `${this.shape.address}: shard ${shard} needs ${bytes} bytes of memory`
      return Promise.reject(new HypershardError('overloaded', message))
    }
    this.#heldBytes += bytes
    // Versions of a shard have most of their segments in common.
    const hasOther = [...this.#loaded.keys()].some(other => Number(other.split('/')[1]) === shard)
    const loading = this.#spend(hasOther ? loadMs / 10 : loadMs).then(() => bytes)
    this.#loaded.set(key, loading)
    return waitWithin(loading, deadline, 'loading')
  }

  #dropBefore(version: number): void {
    for (const [key, loaded] of this.#loaded) {
      if (Number(key.split('/')[0]) >= version) continue
      this.#drop(key, loaded)
    }
  }

  #drop(key: string, loaded: Promise<number>): void {
    this.#loaded.delete(key)
    void loaded.then(bytes => {
      this.#heldBytes -= bytes
    })
  }

  async #searchShard(shard: number, request: SearchShardsRequest, deadline: Deadline): Promise<ShardResult> {
    const { manifest, qnet, limit } = request
    const { lie } = this.mood
    if (lie === 'fails shards') return failed(shard, 'corrupt_data', `${this.shape.address}: shard ${shard} is damaged`)
    const prepared = await this.#prepareOne(manifest!.version, shard, deadline)
    if (prepared.error !== undefined) return failed(shard, prepared.error.code, prepared.error.message)
    const other = lie === 'gives hits of another shard' ? (shard + 1) % this.#corpus.shards : shard
    const rows = this.#corpus.rowsOf(manifest!.version, other)
    const wantedMs = rows.length * msPerDocument
    const inTime = Math.floor(Math.min(1, deadline.remainingMs / Math.max(wantedMs, 1e-9)) * rows.length)
    const scored = rows.slice(0, lie === 'does half and says that it is done' ? Math.ceil(rows.length / 2) : inTime)
    await this.#spend(scored.length * msPerDocument, deadline)
    this.#noteSearched(qnet!.digest, manifest!.version, shard, scored.length)
    const weights = new Float32Array(qnet!.weights.buffer, qnet!.weights.byteOffset, qnet!.weights.byteLength / 4)
    const hits = scored
      .map(
        ({ document: { id, vector }, address }): ShardHit => ({
          id,
          score: scoreOf(weights, vector),
          address,
          document: undefined,
          passage: undefined,
          sort: [],
        }),
      )
      .sort(compareRank)
    const late = inTime < rows.length
    return {
      ...failed(shard, '', ''),
      error: undefined,
      hits: misled(lie, hits, limit),
      documentsScored: claimOf(lie, scored.length),
      documentsMatched: rows.length,
      scoreMs: scored.length * msPerDocument,
      stopReason: late ? StopReason.STOP_REASON_DEADLINE : StopReason.STOP_REASON_COMPLETE,
    }
  }

  /** The best hits of the call come with their documents. */
  #attach({ manifest, documents }: SearchShardsRequest, results: readonly ShardResult[]): void {
    const rows = this.#corpus.rowsOf(manifest!.version)
    const best = results
      .flatMap(({ hits }) => hits)
      .sort(compareRank)
      .slice(0, documents)
    for (const hit of best) {
      const document = documentAt(rows, hit.address!)
      hit.document = this.mood.lie === 'gives texts of others' ? mixedUp(document) : document
    }
  }

  /** Time passes while it works; nothing of it while the process is stopped. */
  async #spend(ms: number, deadline?: Deadline): Promise<void> {
    await wait(ms, undefined, { signal: deadline?.signal }).catch(() => {
      throw new HypershardError('cancelled', `shard server ${this.shape.address}: the caller went away`)
    })
    await this.#awake()
  }

  async #awake(): Promise<void> {
    while (this.mood.frozenUntil !== undefined) await this.mood.frozenUntil
  }
}

function claimOf(lie: Lie | undefined, scored: number): number {
  if (lie === 'claims more than there is') return scored * 3
  return lie === 'claims half of what it did' ? Math.ceil(scored / 2) : scored
}

function misled(lie: Lie | undefined, hits: readonly ShardHit[], limit: number): ShardHit[] {
  if (lie === 'gives hits in another order') return hits.slice(0, limit).reverse()
  if (lie === 'gives more hits than asked for') return hits.slice(0, limit + 1)
  if (lie === 'gives hits twice') return hits.flatMap(hit => [hit, hit]).slice(0, limit)
  return hits.slice(0, limit)
}

function documentAt(rows: readonly CorpusRow[], { segment, row }: DocumentAddress): FetchedDocument {
  const found = rows.find(({ address }) => address.segment === segment && address.row === row)
  if (found === undefined) throw new HypershardError('corrupt_data', `no row ${row} of segment ${segment}`)
  const { id, text } = found.document
  return { id, title: '', text, fieldsJson: '{}' }
}

function mixedUp(document: FetchedDocument): FetchedDocument {
  return { ...document, id: `${document.id}0`, text: 'of another' }
}

function failed(shard: number, code: string, message: string): ShardResult {
  return {
    shard,
    hits: [],
    ...nothingScanned,
    plan: SearchPlan.SEARCH_PLAN_EXACT,
    headMs: 0,
    facets: [],
    groups: undefined,
    estimates: [],
    documentsMatched: 0,
    nonFiniteScores: 0,
    queueMs: 0,
    scoreMs: 0,
    stopReason: StopReason.STOP_REASON_ERROR,
    error: { code, message },
  }
}
