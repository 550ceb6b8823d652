import type { Job } from './job.ts'

/**
 * Where jobs wait. What is in it is a hint: the work follows from the object store, and whoever scans that adds again
 * what was lost. A job may run twice, at the same time even.
 */
export interface JobQueue {
  /** Adds jobs in their order, without those that wait or run already. */
  add(jobs: readonly Job[]): Promise<void>
  /** Takes jobs, several at a time, until the queue is closed. A handler that throws has been logged by itself. */
  process(handler: JobHandler): void
  /** Takes no more jobs, tells those that run to stop, and waits until they have. */
  close(): Promise<void>
}

/** @param signal fires when the work should stop at its next commit */
export type JobHandler = (job: Job, signal: AbortSignal) => Promise<void>
