import { setTimeout as wait } from 'node:timers/promises'
import { Deadline, HypershardError, type Logger, OutageLog, waitWithin } from '@hypershard/common'
import { covers, type GenerationRecord, type IndexRecord } from '@hypershard/storage'
import type { ShardWarmer } from '../cluster/shard-warmer.ts'
import { failureFacts } from '../failure-facts.ts'
import type { Catalog, CatalogEntry } from './catalog.ts'
import type { NamesMove } from './served-names.ts'

export interface WatcherParts {
  readonly catalog: Catalog
  readonly warmer: Pick<ShardWarmer, 'loadEverywhere'>
  readonly log: Logger
  /** How often the store is looked at. */
  readonly everyMs: number
  /** Told of an index that another coordinator deleted. */
  readonly onGone: (index: IndexRecord) => void
  /** Told of a generation that no name points at any more. */
  readonly onUnserved: (generation: GenerationRecord) => void
}

/** How long shard servers may take to load a new version before searches pin it all the same. */
const loadMsMax = 60_000

/** How long a name may wait to move until what it moves to has caught up; then it moves all the same. */
const catchUpMsMax = 30_000

/** How often the list of indexes is read, at most a second apart: others create and delete them rarely. */
const listEveryMs = (lookEveryMs: number) => Math.min(1_000, 20 * lookEveryMs)

/**
 * Sees what indexers and other coordinators write: finds new manifests, has shard servers load them, then lets searches
 * pin them. What is served only ever goes forward.
 */
export class StoreWatcher {
  readonly #parts: WatcherParts
  readonly #stop = new AbortController()
  readonly #away: OutageLog
  /** Entries that are being loaded, by index uid and generation. */
  readonly #loading = new Set<string>()
  /** Moves of names that are under way. */
  readonly #moves = new Set<{ readonly move: NamesMove; readonly done: Promise<void> }>()
  #running: Promise<void> | undefined
  #published = Promise.withResolvers<void>()
  #listedAtMs = performance.now()

  constructor(parts: WatcherParts) {
    this.#parts = parts
    this.#away = new OutageLog('object store', parts.log)
  }

  start(): void {
    this.#running = this.#watch()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await Promise.all([...this.#moves].map(({ done }) => done))
  }

  /** Looks at the store now and returns when what it found is served, aliases included. */
  async refresh(): Promise<void> {
    await this.findMoves()
    await Promise.all([...this.#moves].map(({ done }) => done))
    await Promise.all(this.#parts.catalog.list().map(entry => this.#follow(entry)))
  }

  /**
   * Looks for changes of names now and returns when those of these names are served; other names may take longer.
   * @throws HypershardError `deadline_exceeded`, `cancelled`; the names move all the same
   */
  async untilMoved(names: readonly string[], deadline: Deadline): Promise<void> {
    await waitWithin(this.findMoves(), deadline, 'reading aliases')
    const own = [...this.#moves].filter(({ move }) => names.some(name => move.has(name)))
    await waitWithin(Promise.all(own.map(({ done }) => done)), deadline, 'waiting until the names have moved')
  }

  /**
   * Resolves once searches of the index see everything up to an entry of its write log.
   * @returns the entry that searches pin then
   * @throws HypershardError `deadline_exceeded`, `cancelled`, `index_not_found` when the index is deleted meanwhile
   */
  async untilSearchable(name: string, indexUid: string, sequence: number, deadline: Deadline): Promise<CatalogEntry> {
    for (;;) {
      const entry = this.#parts.catalog.get(name)
      if (entry.record.uid !== indexUid) throw deletedMeanwhile(name)
      if (covers(entry.manifest, sequence)) return entry
      await waitWithin(this.#published.promise, deadline, 'waiting until the documents are searchable')
    }
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#look().catch(error => {
        if (error instanceof HypershardError && error.code === 'storage_failed') this.#away.failed(error, 'looking')
        else this.#parts.log.error({ err: error }, 'looking at the object store failed')
      })
      await wait(this.#parts.everyMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  async #look(): Promise<void> {
    const { catalog, onGone } = this.#parts
    if (performance.now() - this.#listedAtMs >= listEveryMs(this.#parts.everyMs)) {
      this.#listedAtMs = performance.now()
      const gone = await catalog.findIndexes()
      for (const index of gone) onGone(index)
      if (gone.length > 0) this.#tellPublished()
    }
    await this.findMoves()
    this.#away.works('looking')
    // One index that takes long to load holds up no other.
    for (const entry of catalog.list()) void this.#follow(entry)
  }

  /** Finds names that are to move, and has each move made as soon as it can be: a slow one holds up nothing else. */
  async findMoves(): Promise<void> {
    const move = await this.#parts.catalog.findAliases()
    if (move === undefined) return
    // Of two moves of one name the later is made last.
    const earlier = [...this.#moves].filter(other => [...move.keys()].some(name => other.move.has(name)))
    const done = Promise.all(earlier.map(other => other.done)).then(() => this.#move(move))
    const underWay = { move, done }
    this.#moves.add(underWay)
    void done.then(() => this.#moves.delete(underWay))
  }

  /** Names move once what they will point at is loaded and has what searches see. Never rejects. */
  async #move(move: NamesMove): Promise<void> {
    const { catalog, log } = this.#parts
    try {
      await this.#loadTargets(move)
      await this.#untilAsNew(move)
    } catch (error) {
      log.error({ err: error, names: [...move.keys()] }, 'names move before what they point at is ready')
    }
    const before = catalog.list()
    catalog.publishAliases(move)
    const now = new Set(catalog.list().map(({ generation }) => generation))
    for (const { generation } of before) if (!now.has(generation)) this.#parts.onUnserved(generation)
    this.#tellPublished()
  }

  /** As often as it takes: names stay where they are while what they are to point at cannot be read. */
  async #loadTargets(move: NamesMove): Promise<void> {
    const { catalog, log, everyMs } = this.#parts
    while (!this.#stop.signal.aborted) {
      try {
        const entries = await catalog.readTargets(move)
        await Promise.all(entries.map(entry => this.#publish(entry)))
        return
      } catch (error) {
        if (!(error instanceof HypershardError)) throw error
        log.warn({ ...failureFacts(error), names: [...move.keys()] }, 'what names are to point at cannot be read')
        await wait(everyMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }

  /** Waits until no name would move to a generation that lacks writes which searches of the name see already. */
  async #untilAsNew(move: NamesMove): Promise<void> {
    const deadline = Deadline.after(catchUpMsMax, { signal: this.#stop.signal })
    for (const [name, target] of move) {
      const before = this.#parts.catalog.targetOf(name)
      if (target === undefined || before?.indexUid !== target.indexUid) continue
      if (before.generation === target.generation) continue
      while (!deadline.passed && !deadline.cancelled) {
        const now = this.#parts.catalog.get(name)
        const next = this.#parts.catalog.getGeneration(name, target.generation)
        if (covers(next.manifest, now.manifest.log.sequence)) break
        await this.#follow(next)
        await wait(this.#parts.everyMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }

  async #follow(entry: CatalogEntry): Promise<void> {
    const key = `${entry.record.uid}/${entry.generation.generation}`
    if (this.#loading.has(key)) return
    this.#loading.add(key)
    try {
      const newer = await this.#parts.catalog.findNewer(entry)
      this.#away.works(key)
      if (newer !== entry) await this.#publish(newer)
    } catch (error) {
      // An index that is being deleted loses its files one by one.
      if (!(error instanceof HypershardError)) throw error
      if (error.code === 'storage_failed') return this.#away.failed(error, key)
      this.#parts.log.warn({ ...failureFacts(error), index: entry.record.name }, 'a new version could not be served')
    } finally {
      this.#loading.delete(key)
    }
  }

  async #publish(entry: CatalogEntry): Promise<void> {
    const { catalog, warmer } = this.#parts
    try {
      await warmer.loadEverywhere(entry, Deadline.after(loadMsMax, { signal: this.#stop.signal }))
    } finally {
      catalog.publish(entry)
      this.#tellPublished()
    }
  }

  /** Has shard servers load a generation that no name points at, and serves it. */
  async tryOut(name: string, generation: number): Promise<CatalogEntry> {
    const entry = await this.#parts.catalog.findTrial(name, generation)
    await this.#publish(entry)
    return this.#parts.catalog.getGeneration(name, generation)
  }

  /** Wakes those that wait, because something else than a version changed what they wait for. */
  wake(): void {
    this.#tellPublished()
  }

  #tellPublished(): void {
    this.#published.resolve()
    this.#published = Promise.withResolvers<void>()
  }
}

function deletedMeanwhile(name: string): HypershardError {
  const message = `index \`${name}\` was deleted while documents were put; put them into the new one`
  return new HypershardError('index_not_found', message, { details: { index: name } })
}
