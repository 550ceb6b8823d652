import type { Job } from './job.ts'

/**
 * Where jobs wait. What is in it is a hint: the work follows from the object store, and whoever scans that adds again
 * what was lost. A job may run twice, at the same time even.
 */
export interface JobQueue {
  /** Adds a job unless it waits or runs already. */
  add(job: Job): Promise<void>
  /**
   * Adds jobs that belong together and one that comes after them all.
   * @param last what is to be done once all others are; whoever scans the store finds it then, so a queue may leave it
   */
  addFlow(jobs: readonly Job[], last: Job): Promise<void>
  /** Takes jobs, several at a time, until the queue is closed. A handler that throws has been logged by itself. */
  process(handler: JobHandler): void
  /** Takes no more jobs, tells those that run to stop, and waits until they have. */
  close(): Promise<void>
}

/** @param signal fires when the work should stop at its next commit */
export type JobHandler = (job: Job, signal: AbortSignal) => Promise<void>
