import { type Clock, systemClock } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import type { Job } from './job.ts'
import { jobKey } from './job.ts'
import type { JobHandler, JobQueue } from './job-queue.ts'

/** Work that had no turn for so long may have an extra place: it is likely to be short. */
const restedMs = 2_000

export interface MemoryQueueOptions {
  /** Jobs that run at a time. */
  readonly concurrency: number
  /** Places beside these, for work that had no turn lately: it waits for none of the others to end. */
  readonly extraPlaces?: number
  readonly clock?: Clock
}

/** Whose last turn is remembered; far more than work at a time. */
const turnsMax = 10_000

/**
 * The queue of one process alone: it starts empty, and the scan of the object store fills it. Who had a turn longest
 * ago comes first, so that a generation with much to do takes turns with all others.
 */
export class MemoryQueue implements JobQueue {
  readonly #concurrency: number
  readonly #extraPlaces: number
  readonly #clock: Clock
  /** In order of arrival. */
  readonly #waiting = new Map<string, Job>()
  readonly #running = new Map<string, Promise<void>>()
  /** When each last began, and in which order. */
  readonly #turns = new LRUCache<string, { readonly atMs: number; readonly number: number }>({ max: turnsMax })
  #turn = 0
  readonly #stop = new AbortController()
  #handler: JobHandler | undefined
  #onEnded: (job: Job) => void = () => undefined

  constructor({ concurrency, extraPlaces = 0, clock = systemClock }: MemoryQueueOptions) {
    this.#concurrency = concurrency
    this.#extraPlaces = extraPlaces
    this.#clock = clock
  }

  async add(jobs: readonly Job[]): Promise<void> {
    if (this.#stop.signal.aborted) return
    for (const job of jobs) {
      const key = jobKey(job)
      if (!this.#waiting.has(key) && !this.#running.has(key)) this.#waiting.set(key, job)
    }
    this.#start()
  }

  process(handler: JobHandler, onEnded: (job: Job) => void = () => undefined): void {
    this.#handler = handler
    this.#onEnded = onEnded
    this.#start()
  }

  async countWaiting(): Promise<number> {
    return this.#waiting.size
  }

  async requireReachable(): Promise<void> {}

  async close(): Promise<void> {
    this.#stop.abort()
    this.#waiting.clear()
    await Promise.all(this.#running.values())
  }

  #start(): void {
    while (this.#handler !== undefined) {
      const next = this.#next()
      if (next === undefined) return
      const [key, job] = next
      this.#waiting.delete(key)
      this.#turns.set(ownerOf(job), { atMs: this.#clock.monotonicMs(), number: ++this.#turn })
      const turn = { signal: this.#stop.signal, othersWait: async () => this.#waiting.size > 0 }
      const ended = this.#handler(job, turn).finally(() => {
        this.#running.delete(key)
        this.#onEnded(job)
        this.#start()
      })
      this.#running.set(key, ended)
    }
  }

  /** The job to run now: of those whose turn was longest ago, the one that came first. */
  #next(): [string, Job] | undefined {
    const places = this.#concurrency - this.#running.size
    if (places + this.#extraPlaces <= 0) return undefined
    let best: { entry: [string, Job]; number: number } | undefined
    for (const entry of this.#waiting) {
      const number = this.#turns.get(ownerOf(entry[1]))?.number ?? 0
      if (best === undefined || number < best.number) best = { entry, number }
    }
    if (best === undefined) return undefined
    return places > 0 || this.#isRested(best.entry[1]) ? best.entry : undefined
  }

  #isRested(job: Job): boolean {
    const last = this.#turns.get(ownerOf(job))
    return last === undefined || this.#clock.monotonicMs() - last.atMs >= restedMs
  }
}

/** Whose turn it is: all slices of a copy are one generation's. */
function ownerOf(job: Job): string {
  return !('indexUid' in job) ? job.kind : `${job.indexUid}/${job.generation}`
}
