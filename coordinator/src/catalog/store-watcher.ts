import { type Announcements, lookEveryMs } from '@hypershard/announcements'
import {
  type Clock,
  Deadline,
  EvenRounds,
  HypershardError,
  type Logger,
  OutageLog,
  pauseBy,
  systemClock,
  waitWithin,
} from '@hypershard/common'
import { covers, type GenerationRecord, type IndexRecord, logEntryKey, type News, newsOfKey } from '@hypershard/storage'
import type { ShardWarmer } from '../cluster/shard-warmer.ts'
import { failureFacts } from '../failure-facts.ts'
import type { Catalog, CatalogEntry } from './catalog.ts'
import { keyOf } from './catalog-entry.ts'
import type { NamesMove } from './served-names.ts'

export interface WatcherParts {
  readonly catalog: Catalog
  readonly warmer: Pick<ShardWarmer, 'loadEverywhere'>
  readonly log: Logger
  /** Tells what others put into the store, where they can be heard. */
  readonly announcements: Announcements
  /** How often each thing in the store is looked at all the same: a change whose hint was lost goes unnoticed so long. */
  readonly everyMs: number
  readonly clock?: Clock
  /** Told of an index that another coordinator deleted. */
  readonly onGone: (index: IndexRecord) => void
  /** Told of a generation that no name points at any more. */
  readonly onUnserved: (generation: GenerationRecord) => void
}

/** How long shard servers may take to load a new version before searches pin it all the same. */
const loadMsMax = 60_000

/** How long a name may wait to move until what it moves to has caught up; then it moves all the same. */
const catchUpMsMax = 30_000

/** How often the loop sees which things are due, and how often while somebody waits for a write. */
const tickMsMax = 1_000
const awaitedTickMsMax = 500

/** For a name that is about to move: how often what it moves to is looked at, and what cannot be read is tried again. */
const moveTickMsMax = 250

/** The record of an index and the list of a generation's versions change so rarely that they wait for more rounds. */
const recordRounds = 5

/** A write that somebody waits for. */
interface Awaited {
  readonly name: string
  readonly indexUid: string
  readonly sequence: number
}

/**
 * Sees what indexers and other coordinators write: finds new manifests, has shard servers load them, then lets searches
 * pin them. What is served only ever goes forward. Others tell what is new; what they do not tell is found by looking at
 * each thing once in a while. A write that somebody waits for is looked after until searches see it, heard of or not.
 */
export class StoreWatcher {
  readonly #parts: WatcherParts
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #away: OutageLog
  readonly #rounds = new EvenRounds()
  readonly #recordRounds = new EvenRounds()
  /** Entries that are being loaded, by index uid and generation, with a newer version heard of meanwhile. */
  readonly #loading = new Map<string, number>()
  /** Moves of names that are under way. */
  readonly #moves = new Set<{ readonly move: NamesMove; readonly done: Promise<void> }>()
  readonly #awaited = new Set<Awaited>()
  #wake = new AbortController()
  #running: Promise<void> | undefined
  #published = Promise.withResolvers<void>()

  constructor(parts: WatcherParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? systemClock
    this.#away = new OutageLog('object store', parts.log, this.#clock)
    parts.announcements.listen({ onHint: key => this.#hear(key), onGap: () => this.#lookAtAll() })
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
    const awaited = { name, indexUid, sequence }
    this.#awaited.add(awaited)
    try {
      for (;;) {
        const entry = this.#parts.catalog.get(name)
        if (entry.record.uid !== indexUid) throw deletedMeanwhile(name)
        if (covers(entry.manifest, sequence)) return entry
        await waitWithin(this.#published.promise, deadline, 'waiting until the documents are searchable')
      }
    } finally {
      this.#awaited.delete(awaited)
    }
  }

  /** A hint is looked into at once, and costs nothing when it is known already. Never throws. */
  #hear(key: string): void {
    const news = newsOfKey(key)
    if (news !== undefined) void this.#trying(() => this.#lookInto(news))
  }

  async #lookInto(news: News): Promise<void> {
    const { catalog } = this.#parts
    if (news.kind === 'names' && news.version > catalog.newestAliases.version) await this.findMoves()
    if (news.kind === 'index') this.#tellGone(await catalog.findIndex(news.index))
    if (news.kind !== 'manifest') return
    const entry = catalog.servedAt(news.index, news.generation)
    if (entry !== undefined && entry.manifest.version < news.version) await this.#follow(entry, news.version)
  }

  /** Hints may have been missed. */
  #lookAtAll(): void {
    this.#rounds.hurry()
    this.#recordRounds.hurry()
    this.#wake.abort()
  }

  async #watch(): Promise<void> {
    const { everyMs } = this.#parts
    while (!this.#stop.signal.aborted) {
      await this.#trying(() => this.#lookAtDue())
      const tickMs = Math.min(everyMs, this.#awaited.size > 0 ? awaitedTickMsMax : tickMsMax)
      if (this.#wake.signal.aborted) this.#wake = new AbortController()
      await this.#pause(tickMs, this.#wake.signal)
    }
  }

  async #trying(look: () => Promise<void>): Promise<void> {
    try {
      await look()
    } catch (error) {
      const isAway = error instanceof HypershardError && error.code === 'storage_failed'
      if (!isAway) return this.#parts.log.error({ err: error }, 'looking at the object store failed')
      this.#away.failed(error, 'looking')
      // What has failed is tried again soon, and so is seen when the store is back.
      this.#rounds.hurry()
      this.#recordRounds.hurry()
    }
  }

  /** Of all things there are, looks at those whose turn it is. */
  async #lookAtDue(): Promise<void> {
    const { catalog, announcements } = this.#parts
    const everyMs = lookEveryMs(announcements, this.#parts.everyMs)
    const nowMs = this.#clock.monotonicMs()
    const entries = new Map(catalog.list().map(entry => [`manifest ${keyOf(entry.generation)}`, entry]))
    const due = new Set(this.#rounds.take(['indexes', 'names', ...entries.keys()], nowMs, everyMs))
    const records = this.#recordRounds.take(catalog.indexNames(), nowMs, recordRounds * everyMs)
    // One index that takes long to load holds up no other.
    for (const [thing, entry] of entries) if (due.has(thing)) void this.#follow(entry)
    this.#lookAfterAwaited()
    if (due.has('indexes')) for (const gone of await catalog.findIndexes()) this.#tellGone(gone)
    for (const name of records) {
      this.#tellGone(await catalog.findIndex(name))
      for (const entry of entries.values()) {
        // By a list: what follows a version that was not looked at for long may be deleted.
        if (entry.record.name === name) void this.#follow(entry, Number.POSITIVE_INFINITY)
      }
    }
    if (due.has('names')) await this.findMoves()
    if (due.has('indexes') || due.has('names')) this.#away.works('looking')
  }

  /** Whoever waits for a write does not rely on hints: indexers are told of it again, and the store is looked at. */
  #lookAfterAwaited(): void {
    const { catalog, announcements } = this.#parts
    const served = new Map<CatalogEntry, number>()
    for (const { name, indexUid, sequence } of this.#awaited) {
      const target = catalog.targetOf(name)
      const entry = target && catalog.servedAt(target.index, target.generation)
      if (entry?.record.uid === indexUid) served.set(entry, Math.max(sequence, served.get(entry) ?? 0))
    }
    for (const [entry, sequence] of served) {
      announcements.tell(logEntryKey({ index: entry.record.name, indexUid: entry.record.uid }, sequence))
      void this.#follow(entry)
    }
  }

  #tellGone(gone: IndexRecord | undefined): void {
    if (gone === undefined) return
    this.#parts.onGone(gone)
    this.#tellPublished()
  }

  /** Ends early when the watcher is stopped, or woken. */
  async #pause(ms: number, wake: AbortSignal = this.#stop.signal): Promise<void> {
    await pauseBy(this.#clock, ms, AbortSignal.any([this.#stop.signal, wake])).catch(() => undefined)
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
    const { catalog, log } = this.#parts
    while (!this.#stop.signal.aborted) {
      try {
        const entries = await catalog.readTargets(move)
        await Promise.all(entries.map(entry => this.#publish(entry)))
        return
      } catch (error) {
        if (!(error instanceof HypershardError)) throw error
        log.warn({ ...failureFacts(error), names: [...move.keys()] }, 'what names are to point at cannot be read')
        await this.#pause(this.#moveTickMs)
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
        await this.#pause(this.#moveTickMs)
      }
    }
  }

  /** @param versionMin a version that there is, by a hint or another's word; infinite to look for the newest by a list */
  async #follow(entry: CatalogEntry, versionMin = 0): Promise<void> {
    const key = keyOf(entry.generation)
    const heard = this.#loading.get(key)
    if (heard !== undefined) {
      this.#loading.set(key, Math.max(heard, versionMin))
      return
    }
    this.#loading.set(key, 0)
    let served = entry
    try {
      const newer = await this.#parts.catalog.findNewer(entry, versionMin)
      this.#away.works(key)
      if (newer !== entry) await this.#publish(newer)
      served = newer
    } catch (error) {
      // An index that is being deleted loses its files one by one.
      if (!(error instanceof HypershardError)) throw error
      if (error.code === 'storage_failed') {
        this.#rounds.hurry()
        return this.#away.failed(error, key)
      }
      this.#parts.log.warn({ ...failureFacts(error), index: entry.record.name }, 'a new version could not be served')
    } finally {
      const again = this.#loading.get(key) ?? 0
      this.#loading.delete(key)
      if (again > served.manifest.version && Number.isFinite(again)) void this.#follow(served, again)
    }
  }

  get #moveTickMs(): number {
    return Math.min(this.#parts.everyMs, moveTickMsMax)
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

  /** Looks whether an index is still there; one that another coordinator deleted is served no more when this returns. */
  async lookAtIndex(name: string): Promise<void> {
    this.#tellGone(await this.#parts.catalog.findIndex(name))
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
