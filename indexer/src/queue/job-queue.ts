import type { Job } from './job.ts'

/**
 * Where jobs wait. What is in it is a hint: the work follows from the object store, and whoever scans that adds again
 * what was lost. A job may run twice, at the same time even.
 */
export interface JobQueue {
  /** Adds jobs in their order, without those that wait or run already. */
  add(jobs: readonly Job[]): Promise<void>
  /**
   * Takes jobs, several at a time, until the queue is closed. A handler that throws has been logged by itself.
   * @param onEnded told of each job that this process has run, once it may be added again
   */
  process(handler: JobHandler, onEnded?: (job: Job) => void): void
  /** Jobs that wait. @throws HypershardError `unavailable` */
  countWaiting(): Promise<number>
  /** @throws HypershardError `unavailable` when no job can be added or taken now */
  requireReachable(): Promise<void>
  /** Takes no more jobs, tells those that run to stop, and waits until they have. */
  close(): Promise<void>
}

/** What a job that runs has to go by. */
export interface Turn {
  /** Fires when the work should stop at its next commit. */
  readonly signal: AbortSignal
  /** Whether other jobs wait for this one's place: it should end soon, and is added again for what is left of it. */
  othersWait(): Promise<boolean>
}

export type JobHandler = (job: Job, turn: Turn) => Promise<void>
