import { HypershardError, type Logger, messageOf, type OutageLog } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import type { Job } from './queue/job.ts'

/** Kinds of work whose last failure is remembered; far more than can fail at a time. */
const failuresMax = 10_000

/**
 * Logs why work fails: once for each failure of an index's work, however often it is tried again, and once when the
 * work goes on. A failure that is not the last one again is another. That a service which all work needs is away is told
 * for all of it together: of the encoder by its calls, of the object store by what fails here.
 */
export class JobFailureLog {
  readonly #log: Logger
  readonly #storeAway: OutageLog
  readonly #told = new LRUCache<string, string>({ max: failuresMax })

  /** @param storeAway tells that the object store is away */
  constructor(log: Logger, storeAway: OutageLog) {
    this.#log = log
    this.#storeAway = storeAway
  }

  failed(job: Job, error: unknown, retryInMs: number): void {
    const work = workOf(job)
    const problem = messageOf(error)
    const code = error instanceof HypershardError ? error.code : undefined
    if (code === 'storage_failed') this.#storeAway.failed(error, work)
    const isTold = code === 'unavailable' || code === 'storage_failed'
    if (isTold || this.#told.get(work) === problem) {
      this.#log.debug({ job, retryInMs }, 'job failed again')
      return
    }
    this.#told.set(work, problem)
    this.#log.warn({ err: error, job, retryInMs }, 'job failed')
  }

  /** The work is done, or nobody needs it any more: it fails of nothing. */
  ended(job: Job): void {
    this.#storeAway.works(workOf(job))
  }

  succeeded(job: Job): void {
    this.ended(job)
    if (this.#told.delete(workOf(job))) this.#log.info({ job }, 'job goes on after failures')
  }
}

/** All slices of a copy are one work; merging and following the log fail apart. */
function workOf(job: Job): string {
  return !('indexUid' in job) ? job.kind : `${job.kind}/${job.indexUid}/${job.generation}`
}
