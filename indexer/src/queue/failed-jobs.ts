import type { Clock } from '@hypershard/common'
import { LRUCache } from 'lru-cache'
import { type Job, jobKey } from './job.ts'

/** A job that failed is not tried again before this long; doubled each time in a row. */
const retryMsMin = 200
const retryMsMax = 30_000

/** A job that is still to be done is tried again soon after it may be: one that is not, others have done. */
const forgottenMs = 60_000

/** Jobs whose failures are remembered; far more than can fail at a time. */
const failuresMax = 10_000

/** Which jobs failed lately, and how long they wait. */
export class FailedJobs {
  readonly #clock: Clock
  readonly #failed = new LRUCache<string, { readonly times: number; readonly untilMs: number }>({ max: failuresMax })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns how long the job waits now */
  note(job: Job): number {
    const key = jobKey(job)
    const times = (this.#failed.get(key)?.times ?? 0) + 1
    const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** (times - 1))
    this.#failed.set(key, { times, untilMs: this.#clock.monotonicMs() + waitMs })
    return waitMs
  }

  forget(job: Job): void {
    this.#failed.delete(jobKey(job))
  }

  /** Jobs that failed when they were last tried, and are to be tried again. */
  get count(): number {
    const nowMs = this.#clock.monotonicMs()
    return [...this.#failed.values()].filter(({ untilMs }) => nowMs < untilMs + forgottenMs).length
  }

  mustWait(job: Job): boolean {
    const failed = this.#failed.get(jobKey(job))
    return failed !== undefined && this.#clock.monotonicMs() < failed.untilMs
  }
}
