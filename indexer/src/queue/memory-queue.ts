import type { Job } from './job.ts'
import { jobKey } from './job.ts'
import type { JobHandler, JobQueue } from './job-queue.ts'

/** The queue of one process alone: it starts empty, and the scan of the object store fills it. */
export class MemoryQueue implements JobQueue {
  readonly #concurrency: number
  /** In order of arrival. */
  readonly #waiting = new Map<string, Job>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  #handler: JobHandler | undefined

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  async add(jobs: readonly Job[]): Promise<void> {
    if (this.#stop.signal.aborted) return
    for (const job of jobs) {
      const key = jobKey(job)
      if (!this.#waiting.has(key) && !this.#running.has(key)) this.#waiting.set(key, job)
    }
    this.#start()
  }

  process(handler: JobHandler): void {
    this.#handler = handler
    this.#start()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#waiting.clear()
    await Promise.all(this.#running.values())
  }

  #start(): void {
    while (this.#handler !== undefined && this.#running.size < this.#concurrency) {
      const next = this.#waiting.entries().next().value
      if (next === undefined) return
      const [key, job] = next
      this.#waiting.delete(key)
      const ended = this.#handler(job, this.#stop.signal).finally(() => {
        this.#running.delete(key)
        this.#start()
      })
      this.#running.set(key, ended)
    }
  }
}
