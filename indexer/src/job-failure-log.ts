import { HypershardError, type Logger, messageOf } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import type { Job } from './queue/job.ts'

/** Kinds of work whose last failure is remembered; far more than can fail at a time. */
const failuresMax = 10_000

/**
 * Logs why work fails: once for each failure of an index's work, however often it is tried again, and once when the
 * work goes on. A failure that is not the last one again is another.
 */
export class JobFailureLog {
  readonly #log: Logger
  readonly #told = new LRUCache<string, string>({ max: failuresMax })

  constructor(log: Logger) {
    this.#log = log
  }

  failed(job: Job, error: unknown, retryInMs: number): void {
    const work = workOf(job)
    const problem = messageOf(error)
    // That the encoder is away is told once for all jobs.
    const isTold = error instanceof HypershardError && error.code === 'unavailable'
    if (isTold || this.#told.get(work) === problem) {
      this.#log.debug({ job, retryInMs }, 'job failed again')
      return
    }
    this.#told.set(work, problem)
    this.#log.warn({ err: error, job, retryInMs }, 'job failed')
  }

  succeeded(job: Job): void {
    if (this.#told.delete(workOf(job))) this.#log.info({ job }, 'job goes on after failures')
  }
}

/** All slices of a copy are one work; merging and following the log fail apart. */
function workOf(job: Job): string {
  return job.kind === 'collect' ? job.kind : `${job.kind}/${job.indexUid}/${job.generation}`
}
