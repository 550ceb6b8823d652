/**
 * One history of writes, indexing, reindexing, compaction, collection, snapshots, restores and clones, drawn by a seed and
 * checked at its end.
 */
import assert from 'node:assert/strict'
import { type Clock, Deadline, HypershardError } from '@hypershard/common'
import { quietContext, Random, withSeededChance } from '@hypershard/harness'
import { backfillSlice, compactGeneration, type EncoderPort, ingestLog } from '@hypershard/indexer'
import {
  borrowersOf,
  changeGenerationState,
  collectIndex,
  countSlices,
  createGeneration,
  createIndex,
  deleteIndex,
  firstGeneration,
  type IndexRecord,
  isBackfilled,
  LogPartBuilder,
  latestManifest,
  listGenerations,
  type ObjectStore,
  type Operation,
  WriteLog,
} from '@hypershard/storage'
import { checkStore, generationOf } from './check-store.ts'
import { History } from './history.ts'
import { Keeper } from './keeper.ts'
import { Crashed, SimulatedStore, type Weather } from './simulated-store.ts'
import { unless } from './unless.ts'

export interface SimulationOptions {
  /** Where segments are staged; any folder. */
  readonly staging: string
  /** A bug to plant. */
  readonly bug?: 'commit without compare-and-set' | 'append without compare-and-set' | undefined
}

/** What a history came to; a simulation in which some of it never happens is blind. */
export interface SimulationTally {
  readonly writes: number
  readonly repeated: number
  readonly crashes: number
  readonly failures: number
  readonly generations: number
  readonly steps: number
  readonly collected: number
  readonly snapshots: number
  readonly restored: number
  readonly clones: number
}

const model = { name: 'words', digest: 'ab'.repeat(32) }
const otherModel = { name: 'letters', digest: 'cd'.repeat(32) }
const vectorWidth = 2
const ids = [...'abcdefg']
const stepsMax = 20_000
const keepMs = 1_000

/** Attempts of one write: each may die or fail. */
const attemptsMax = 200

/** @throws AssertionError when a promise is broken */
export async function simulate(seed: number, options: SimulationOptions): Promise<SimulationTally> {
  // Names that the store lists in their order: drawn by the seed too, so that it replays.
  return withSeededChance(new Random(seed + 1_000_000), () => new Simulation(seed, options).play())
}

class Simulation {
  readonly #random: Random
  readonly #store: SimulatedStore
  readonly #bug: SimulationOptions['bug']
  readonly #history = new History()
  /** The first, and the clones that were answered for. */
  readonly #indexes: IndexRecord[] = []
  readonly #keeper: Keeper
  #nowMs = Date.UTC(2026, 0, 1)
  #crashes = 0
  #failures = 0
  #repeated = 0
  #collected = 0
  #writersLeft = 0
  #names = 0

  constructor(seed: number, { staging, bug }: SimulationOptions) {
    this.#random = new Random(seed)
    this.#store = new SimulatedStore(this.#random, staging)
    this.#bug = bug
    this.#keeper = new Keeper({
      random: this.#random,
      indexes: this.#indexes,
      clock: this.#clock(),
      model,
      attempt: work => this.#attempt('keeper', work),
      persist: work => this.#persist('keeper', work),
    })
  }

  async play(): Promise<SimulationTally> {
    const weather = this.#random.pick<Weather>([
      { failure: 0, crash: 0 },
      { failure: 0.03, crash: 0.01 },
      { failure: 0.01, crash: 0.04 },
    ])
    this.#store.onStored = (key, bytes) => this.#history.note(key, bytes)
    await this.#clean(async store => {
      const settings = { model, vectorWidth, shards: this.#random.pick([1, 1, 2]), replicas: 1 }
      this.#indexes.push(await createIndex(store, { name: 'papers', ...settings }))
    })
    this.#store.weather = weather
    if (this.#bug === 'commit without compare-and-set') this.#store.overwrites = key => key.includes('/manifest/')
    if (this.#bug === 'append without compare-and-set') this.#store.overwrites = key => key.includes('/entries/')
    const writers = 1 + this.#random.below(3)
    this.#writersLeft = writers
    const actors = [
      ...Array.from({ length: writers }, (_, at) => this.#writer(`writer-${at}`)),
      ...Array.from({ length: 1 + this.#random.below(2) }, (_, at) => this.#indexer(`indexer-${at}`)),
      ...(this.#random.chance(0.5) ? [this.#collector()] : []),
      ...(this.#random.chance(0.4) ? [this.#reindexer()] : []),
      ...(this.#random.chance(0.4) ? [this.#keeper.run(() => this.#writersLeft > 0)] : []),
    ]
    const ended = Promise.all(actors)
    let failure: unknown
    ended.catch(error => {
      failure = error
    })
    await this.#playUntil(ended)
    if (failure !== undefined) throw failure
    this.#store.weather = { failure: 0, crash: 0 }
    await this.#clean(store => this.#settle(store))
    await this.#clean(store => this.#check(store))
    if (this.#indexes.length > 1) await this.#clean(store => this.#deleteOne(store))
    const generations = new Set([...this.#store.objects.keys()].map(key => /generations\/(\d+)\//.exec(key)?.[1]))
    generations.delete(undefined)
    return {
      writes: this.#history.acknowledged,
      repeated: this.#repeated,
      crashes: this.#crashes,
      failures: this.#failures,
      generations: generations.size,
      steps: this.#store.steps,
      collected: this.#collected,
      ...this.#keeper.tally(),
    }
  }

  /** Actors start new processes as long as they live, so that playing goes on until they have ended. */
  async #playUntil(ended: Promise<unknown>): Promise<void> {
    let over = false
    const end = () => {
      over = true
    }
    ended.then(end, end)
    while (!over) {
      await this.#store.play(stepsMax)
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** A process that nothing happens to. */
  async #clean<T>(work: (store: ObjectStore) => Promise<T>): Promise<T> {
    const running = this.#store.run('clean', work)
    await this.#playUntil(running)
    return running
  }

  /** Does a piece of work in one process after the other until one of them gets through. */
  async #persist<T>(name: string, work: (store: ObjectStore) => Promise<T>): Promise<T> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const outcome = await this.#attempt(name, work)
      if (outcome !== undefined) return outcome.value
    }
    return assert.fail(`${name} did not get through in ${attemptsMax} attempts`)
  }

  /** Does a piece of work in a process of its own. Undefined when that died or failed. */
  async #attempt<T>(name: string, work: (store: ObjectStore) => Promise<T>): Promise<{ value: T } | undefined> {
    try {
      return { value: await this.#store.run(`${name}-${this.#names++}`, work) }
    } catch (error) {
      if (error instanceof Crashed) this.#crashes++
      else if (error instanceof HypershardError && error.code === 'storage_failed') this.#failures++
      else if (!(error instanceof HypershardError && error.code === 'conflict')) throw error
      return undefined
    }
  }

  async #writer(name: string): Promise<void> {
    try {
      const writes = 1 + this.#random.below(5)
      for (let at = 0; at < writes; at++) await this.#write(name, `${name}-${at}`, this.#random.pick(this.#indexes))
    } finally {
      this.#writersLeft--
    }
  }

  /** One write, tried again with its idempotency key until it is acknowledged. */
  async #write(name: string, key: string, index: IndexRecord): Promise<void> {
    const batches = Array.from({ length: 1 + this.#random.below(2) }, () =>
      Array.from({ length: 1 + this.#random.below(3) }, () => this.#operation(key)),
    )
    const appended = await this.#persist(name, async store => {
      const writeLog = new WriteLog(store, index, this.#clock())
      if (this.#random.chance(0.7)) await writeLog.head()
      const parts = []
      for (const operations of batches) {
        const builder = new LogPartBuilder()
        for (const operation of operations) builder.add(operation)
        const part = await builder.store(store, { index: index.name, indexUid: index.uid })
        this.#history.notePart(part.name, operations)
        parts.push(part)
      }
      return writeLog.append({ parts, idempotencyKey: key })
    })
    if (appended.repeated) this.#repeated++
    this.#history.acknowledge({ index: index.name, sequence: appended.sequence, operations: batches.flat() })
  }

  #operation(key: string): Operation {
    const id = this.#random.pick(ids)
    if (this.#random.chance(0.25)) return { type: 'delete', id }
    return { type: 'put', document: { id, title: '', text: `${key} ${this.#random.below(1_000)}`, fields: '{}' } }
  }

  async #indexer(name: string): Promise<void> {
    while (this.#writersLeft > 0) {
      await this.#attempt(name, store => this.#indexOnce(store, this.#random.pick(this.#indexes)))
    }
  }

  /** What an indexer does in one turn: copies a slice, or follows the log, or merges segments. */
  async #indexOnce(store: ObjectStore, index: IndexRecord): Promise<boolean> {
    let worked = false
    for (const number of await listGenerations(store, index)) {
      const generation = await generationOf(store, index, number)
      if (generation === undefined) continue
      const firstOperations = this.#random.pick([1, 2, 256])
      const pace = { firstOperations, portionCost: 0, noteEncoded: () => undefined, noteCommitted: () => undefined }
      const parts = { store, encoder: this.#encoder(), onEncoded: () => undefined, pace }
      const context = quietContext(Deadline.after(60_000, { clock: this.#clock() }))
      const manifest = await latestManifest(store, generation)
      if (!isBackfilled(manifest)) {
        const { slices, done } = manifest.backfill!
        const missing = Array.from({ length: slices }, (_, slice) => slice).filter(slice => !done.includes(slice))
        await backfillSlice(generation, this.#random.pick(missing), parts, context)
        worked = true
        continue
      }
      const ingested = await ingestLog(generation, parts, context)
      worked = !ingested.caughtUp || worked
      if (this.#random.chance(0.5)) {
        worked =
          (await compactGeneration(
            ...([
              generation,
              ingested.manifest,
              { ...parts, segmentsPerTier: 2, sampleQueries: null },
              context,
            ] as const),
          )) || worked
      }
    }
    return worked
  }

  async #collector(): Promise<void> {
    while (this.#writersLeft > 0) {
      if (!this.#keeper.atWork) this.#nowMs += this.#random.below(3 * keepMs)
      const deleted = await this.#attempt('collector', store =>
        collectIndex(store, this.#random.pick(this.#indexes), { nowMs: this.#nowMs, keepMs }),
      )
      this.#collected += deleted?.value.length ?? 0
    }
  }

  /** Builds another generation from what the first has at that moment, and sometimes gives it up. */
  async #reindexer(): Promise<void> {
    const index = this.#indexes[0]!
    const created = await this.#persist('reindexer', async store => {
      const source = await latestManifest(store, firstGeneration(index))
      const backfill = { generation: 1, version: source.version, slices: countSlices(source) }
      const settings = { model: otherModel, vectorWidth, shards: 1 + this.#random.below(3) }
      return createGeneration(store, index, { ...settings, source: { log: source.log, backfill } }, this.#clock())
    })
    if (this.#random.chance(0.2)) {
      await this.#persist('canceller', store =>
        changeGenerationState(store, created, () => ({ phase: 'cancelled' }), this.#clock()),
      )
    }
  }

  /** Lets every index follow its log to its end. */
  async #settle(store: ObjectStore): Promise<void> {
    for (let turn = 0; turn < 200; turn++) {
      const worked = []
      for (const index of this.#indexes) worked.push(await this.#settleOnce(store, index))
      if (!worked.includes(true)) return
    }
    assert.fail('indexing comes to no end')
  }

  /** What an indexer makes may be what is being deleted: then that is seen through first. */
  async #settleOnce(store: ObjectStore, index: IndexRecord): Promise<boolean> {
    const worked = await this.#indexOnce(store, index).catch(unless('conflict'))
    if (worked === undefined) await this.#collect(store, index)
    return worked ?? true
  }

  /** What was idle is deleted. */
  async #collect(store: ObjectStore, index: IndexRecord): Promise<void> {
    for (let turn = 0; turn < 2; turn++) {
      this.#nowMs += 2 * keepMs
      this.#collected += (await collectIndex(store, index, { nowMs: this.#nowMs, keepMs })).length
    }
  }

  /** Deletes an index unless others need its files, and collects: the others have all of theirs. */
  async #deleteOne(store: ObjectStore): Promise<void> {
    const index = this.#random.pick(this.#indexes)
    const deleting = deleteIndex(store, index.name, { borrowers: () => borrowersOf(store, index) }).then(() => true)
    if (await deleting.catch(unless('index_in_use'))) {
      this.#indexes.splice(this.#indexes.indexOf(index), 1)
      this.#keeper.forgetIndex(index)
    }
    for (const other of this.#indexes) await this.#collect(store, other)
    await this.#check(store)
  }

  #check(store: ObjectStore): Promise<void> {
    return checkStore(store, { indexes: this.#indexes, snapshots: this.#keeper.snapshots, history: this.#history })
  }

  #encoder(): EncoderPort {
    return {
      encodeDocuments: async ({ documents }) => ({
        vectors: Float32Array.from(documents.flatMap(({ text }) => [text.length, 1])),
        vectorWidth,
        truncated: 0,
      }),
      // Only a merge of thousands of documents asks for queries.
      encodeQuery: () => Promise.reject(new HypershardError('internal', 'no query is encoded here')),
      cutDocuments: () => Promise.reject(new HypershardError('internal', 'no index here cuts texts')),
      encodersOf: () => 1,
      close: () => undefined,
    }
  }

  #clock(): Clock {
    // Nobody waits: which process goes on is drawn by the store alone.
    return { now: () => this.#nowMs, monotonicMs: () => this.#nowMs, pause: async () => undefined }
  }
}
