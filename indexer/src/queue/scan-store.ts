import { type Clock, EvenRounds, HypershardError } from '@hypershard/common'
import {
  type GenerationRecord,
  type GenerationState,
  type IndexRecord,
  isBackfilled,
  isWorkedOn,
  latestManifest,
  listedManifest,
  listGenerations,
  listIndexNames,
  type Manifest,
  type News,
  newerManifest,
  newsOfKey,
  type ObjectStore,
  readGeneration,
  readGenerationState,
  readIndex,
  readLogEntry,
} from '@hypershard/storage'
import { DueCollections } from '../collect/due-collections.ts'
import { compactionPolicy } from '../compact/compaction-policy.ts'
import { planCompaction } from '../compact/plan-compaction.ts'
import type { Job } from './job.ts'

/** How often a generation is looked at in which there is something to do that has not been done. */
const busyEveryMs = 1_000

/** Records, lists and states change so rarely that they wait for more rounds. */
const indexRounds = 5

/**
 * Slices of one generation that a scan names: more than all indexers of a cluster copy at a time, and few enough that
 * naming them again at every scan costs the queue little. A scan names the next ones as these get done.
 */
export const slicesNamedMax = 256

interface Known {
  readonly record: IndexRecord
  readonly generation: GenerationRecord
  readonly state: GenerationState
  manifest: Manifest
  /** The last look found something to do. */
  busy: boolean
}

export interface ScanOptions {
  /** How often each thing is to be looked at now, heard of or not. */
  readonly everyMs: () => number
  /** How long files that nothing needs are kept. */
  readonly keepMs: number
}

/**
 * Finds out from the object store alone what there is to do. Where something is heard of, it looks there at once; all
 * else it looks at once in a while, a little of it at each call. What it knows saves reading again what cannot change.
 */
export class StoreScanner {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #options: ScanOptions
  readonly #rounds = new EvenRounds()
  readonly #busyRounds = new EvenRounds()
  readonly #indexRounds = new EvenRounds()
  readonly #collections: DueCollections
  /** By index uid and generation. */
  readonly #known = new Map<string, Known>()
  #names: readonly string[] = []
  #listed = false
  /** Indexes to be read anew. */
  #heardIndexes = new Set<string>()
  /** Generations to be looked at, with a version of each that there is. */
  #heard = new Map<string, number>()

  constructor(store: ObjectStore, clock: Clock, options: ScanOptions) {
    this.#store = store
    this.#clock = clock
    this.#options = options
    this.#collections = new DueCollections(options.keepMs, clock.monotonicMs())
  }

  /**
   * Has the next call look at what a hint is about.
   * @returns whether there is anything to look at that is not known
   */
  hear(key: string): boolean {
    const news = newsOfKey(key)
    if (news === undefined || news.kind === 'names') return false
    this.#collections.noteChange(news.index)
    if (news.kind === 'log' || news.kind === 'manifest') return this.#hearOfGeneration(news)
    this.#heardIndexes.add(news.index)
    return true
  }

  /** The newest known manifests of generations whose log may go on behind them. */
  followed(): Manifest[] {
    return [...this.#known.values()].flatMap(({ busy, manifest }) => (busy && isBackfilled(manifest) ? manifest : []))
  }

  /** Has the next call look at what a job may have left undone, or made possible. */
  hearEnd(job: Job): void {
    if ('indexUid' in job) this.#note(keyOf(job), 0)
  }

  /** Hints may have been missed: the next calls look at everything. */
  lookAtAll(): void {
    this.#rounds.hurry()
    this.#indexRounds.hurry()
  }

  /**
   * What is to be done now, of what is looked at now. What can only be done after it is found once that has ended.
   * @param isDue whether a job may be done yet; one that may not takes no other's place among the slices
   * @throws HypershardError `storage_failed`; an index that is damaged has no jobs
   */
  async findWork(isDue: (job: Job) => boolean): Promise<Job[]> {
    const nowMs = this.#clock.monotonicMs()
    const everyMs = this.#options.everyMs()
    const heard = this.#heard
    this.#heard = new Map()
    const due = new Set(this.#rounds.take(['indexes', ...this.#known.keys()], nowMs, everyMs))
    const busy = [...this.#known].flatMap(([key, known]) => (known.busy ? [key] : []))
    const busyDue = this.#busyRounds.take(busy, nowMs, Math.min(everyMs, busyEveryMs))
    try {
      const read = await this.#readIndexes(due.has('indexes'), nowMs, everyMs)
      const thorough = new Set([...read, ...heard.keys(), ...busyDue])
      const quick = [...due].filter(key => !thorough.has(key))
      const found = await Promise.all([
        ...[...thorough].map(key => this.#lookAt(key, isDue, { versionMin: heard.get(key) ?? 0 })),
        ...quick.map(key => this.#lookAt(key, isDue, 'quick')),
      ])
      const collected = this.#collections.take(nowMs)
      const jobs: Job[] = collected.length > 0 ? [{ kind: 'collect', indexes: collected }] : []
      if (this.#collections.takeModels(nowMs)) jobs.push({ kind: 'collect-models' })
      return [...found.flat(), ...jobs].filter(isDue)
    } catch (error) {
      // What was not looked at now is looked at when the store is back.
      for (const [key, version] of heard) this.#note(key, version)
      this.lookAtAll()
      throw error
    }
  }

  #hearOfGeneration(news: Extract<News, { kind: 'log' | 'manifest' }>): boolean {
    const own = [...this.#known.values()].filter(({ generation: { index, indexUid, generation } }) => {
      return news.kind === 'log' ? indexUid === news.indexUid : index === news.index && generation === news.generation
    })
    if (own.length === 0) {
      this.#heardIndexes.add(news.index)
      return true
    }
    const missing = own.filter(({ manifest: { log, version } }) =>
      news.kind === 'log' ? log.sequence < news.sequence : version < news.version,
    )
    for (const { generation } of missing) this.#note(keyOf(generation), news.kind === 'log' ? 0 : news.version)
    return missing.length > 0
  }

  #note(key: string, version: number): void {
    this.#heard.set(key, Math.max(version, this.#heard.get(key) ?? 0))
  }

  /** @returns the generations of the indexes that were read */
  async #readIndexes(list: boolean, nowMs: number, everyMs: number): Promise<string[]> {
    const heard = this.#heardIndexes
    this.#heardIndexes = new Set()
    const indexes = new Set([...heard, ...this.#indexRounds.take(this.#names, nowMs, indexRounds * everyMs)])
    try {
      if (list || !this.#listed) {
        const names = await listIndexNames(this.#store)
        for (const name of names) if (!this.#names.includes(name)) indexes.add(name)
        for (const name of this.#names) if (!names.includes(name)) indexes.add(name)
        this.#names = names
        this.#collections.setIndexes(names, nowMs)
      }
      const read: string[] = []
      for (const name of indexes) read.push(...(await this.#readIndex(name)))
      this.#listed = true
      return read
    } catch (error) {
      for (const name of indexes) this.#heardIndexes.add(name)
      throw error
    }
  }

  async #readIndex(name: string): Promise<string[]> {
    const record = await unlessGone(() => readIndex(this.#store, name), undefined)
    const found = new Map<string, Known>()
    for (const number of record === undefined ? [] : await listGenerations(this.#store, record)) {
      const known = await unlessGone(() => this.#read(record!, number), undefined)
      if (known !== undefined) found.set(keyOf(known.generation), known)
    }
    for (const [key, { record: own }] of this.#known) {
      if (own.name === name && !found.has(key)) this.#known.delete(key)
    }
    for (const [key, known] of found) this.#known.set(key, known)
    return [...found.keys()]
  }

  async #read(record: IndexRecord, number: number): Promise<Known> {
    const before = this.#known.get(keyOf({ indexUid: record.uid, generation: number }))
    const generation = before?.generation ?? (await readGeneration(this.#store, record, number))
    const state = await readGenerationState(this.#store, { index: record.name, generation: number })
    const known = before?.manifest ?? (await latestManifest(this.#store, generation))
    const manifest = await listedManifest(this.#store, generation, known)
    if (manifest !== before?.manifest || state.version !== before.state.version)
      this.#collections.noteChange(record.name)
    return { record, generation, state, manifest, busy: true }
  }

  /** @param how quick: sees whether the log goes on, and only then whether there is a newer version */
  async #lookAt(key: string, isDue: (job: Job) => boolean, how: 'quick' | { versionMin: number }): Promise<Job[]> {
    const known = this.#known.get(key)
    if (known === undefined) return []
    const { state, generation } = known
    if (state.paused || !isWorkedOn(generation, state)) {
      known.busy = false
      return []
    }
    return unlessGone(async () => {
      if (how === 'quick' && isBackfilled(known.manifest) && !(await this.#goesOn(known.manifest))) return []
      await this.#follow(known, how === 'quick' ? 0 : how.versionMin)
      const jobs = await this.#workOf(known, isDue)
      known.busy = jobs.length > 0 || !isBackfilled(known.manifest)
      return jobs
    }, [])
  }

  async #follow(known: Known, versionMin: number): Promise<void> {
    const before = known.manifest
    known.manifest = await newerManifest(this.#store, before)
    if (known.manifest.version < versionMin) {
      known.manifest = await listedManifest(this.#store, known.generation, known.manifest)
    }
    if (known.manifest !== before) this.#collections.noteChange(known.record.name)
  }

  async #workOf({ generation: own, manifest, state }: Known, isDue: (job: Job) => boolean): Promise<Job[]> {
    const target = { index: own.index, indexUid: own.indexUid, generation: own.generation }
    if (!isBackfilled(manifest)) {
      const slices = missingSlices(manifest).map((slice): Job => ({ kind: 'backfill', ...target, slice }))
      return slices.filter(isDue).slice(0, slicesNamedMax)
    }
    const jobs: Job[] = (await this.#goesOn(manifest)) ? [{ kind: 'advance', ...target }] : []
    const policy = await compactionPolicy(this.#store, own, manifest, state)
    if (planCompaction(manifest, policy) !== undefined) jobs.push({ kind: 'compact', ...target })
    return jobs
  }

  async #goesOn({ index, indexUid, log }: Manifest): Promise<boolean> {
    return (await readLogEntry(this.#store, { index, indexUid }, log.sequence + 1)) !== undefined
  }
}

function keyOf({ indexUid, generation }: { indexUid: string; generation: number }): string {
  return `${indexUid}/${generation}`
}

/** The slices of the source generation that are not in yet, ascending. */
function missingSlices({ backfill }: Manifest): number[] {
  if (backfill === null) return []
  const done = new Set(backfill.done)
  return Array.from({ length: backfill.slices }, (_, slice) => slice).filter(slice => !done.has(slice))
}

/** What is deleted or damaged has no work; its damage is told where it is searched. */
async function unlessGone<Result, Otherwise>(
  step: () => Promise<Result>,
  otherwise: Otherwise,
): Promise<Result | Otherwise> {
  try {
    return await step()
  } catch (error) {
    const codes = ['index_not_found', 'generation_not_found', 'corrupt_data']
    if (error instanceof HypershardError && codes.includes(error.code)) return otherwise
    throw error
  }
}
