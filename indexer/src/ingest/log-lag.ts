import { type Clock, HypershardError, pauseBy } from '@hypershard/common'
import { type Manifest, type ObjectStore, readLogEntry, WriteLog } from '@hypershard/storage'

/** What waits in all logs. */
export interface WaitingWrites {
  /** Of all indexes. */
  readonly documents: number
  /** Of the index that has most. */
  readonly worst: number
  /** How long the oldest has waited. */
  readonly oldestMs: number
}

/** Between two looks, however often somebody asks. */
const keptMs = 5_000

/** How long who asks waits for a look; then what the last one found is told. */
const lookMsMax = 500

/**
 * How far the indexes are behind their logs. Looks only when somebody asks, and only at generations that there is work
 * in: an entry of a log is read once, and one more of each to see when it was written.
 */
export class LogLag {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #followed: () => Iterable<Manifest>
  /** By index uid and generation. */
  #logs = new Map<string, WriteLog>()
  #found: WaitingWrites | undefined
  #looking: Promise<void> | undefined
  #lookedAtMs = Number.NEGATIVE_INFINITY

  /** @param followed the newest known manifest of each generation whose log may go on behind it */
  constructor(store: ObjectStore, clock: Clock, followed: () => Iterable<Manifest>) {
    this.#store = store
    this.#clock = clock
    this.#followed = followed
  }

  /** Undefined while nobody could look yet. */
  async look(): Promise<WaitingWrites | undefined> {
    if (this.#looking === undefined && this.#clock.monotonicMs() - this.#lookedAtMs >= keptMs) {
      this.#looking = this.#lookThrough().finally(() => {
        this.#looking = undefined
      })
      // That the store is away is told by who works with it; what was found before stands until it is back.
      this.#looking.catch(() => undefined)
    }
    const end = new AbortController()
    const late = pauseBy(this.#clock, lookMsMax, end.signal)
    await Promise.race([this.#looking, late]).catch(() => undefined)
    late.catch(() => undefined)
    end.abort()
    return this.#found
  }

  async #lookThrough(): Promise<void> {
    const logs = new Map<string, WriteLog>()
    const byIndex = new Map<string, number>()
    let oldestMs = 0
    for (const manifest of this.#followed()) {
      const { index: name, indexUid: uid, generation } = manifest
      const key = `${uid}/${generation}`
      const log = this.#logs.get(key) ?? new WriteLog(this.#store, { name, uid }, this.#clock)
      logs.set(key, log)
      const waiting = await unlessDamaged(() => this.#waitingIn(log, manifest))
      byIndex.set(uid, Math.max(byIndex.get(uid) ?? 0, waiting?.documents ?? 0))
      oldestMs = Math.max(oldestMs, waiting?.oldestMs ?? 0)
    }
    const counts = [...byIndex.values()]
    this.#logs = logs
    this.#found = { documents: counts.reduce((sum, count) => sum + count, 0), worst: Math.max(0, ...counts), oldestMs }
    this.#lookedAtMs = this.#clock.monotonicMs()
  }

  async #waitingIn(log: WriteLog, { log: position, ...reference }: Manifest) {
    const next = await readLogEntry(this.#store, reference, position.sequence + 1)
    if (next === undefined) return { documents: 0, oldestMs: 0 }
    const { operations } = await log.lagBehind(position)
    return { documents: operations, oldestMs: Math.max(0, this.#clock.now() - Date.parse(next.createdAt)) }
  }
}

/** A log that is damaged, or gone by now, is told of where it is read for its documents. */
async function unlessDamaged<Result>(step: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof HypershardError && ['corrupt_data', 'index_not_found'].includes(error.code)) return undefined
    throw error
  }
}
