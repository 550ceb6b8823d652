import type { Job } from './job.ts'
import type { JobHandler, JobQueue } from './job-queue.ts'

/** Following logs, which somebody waits for, and all else: copying, merging and deleting, which may take long. */
export const lanes = ['writes', 'background'] as const
export type Lane = (typeof lanes)[number]

/** Two queues as one, so that work in the background takes no place from what was just written. */
export class LaneQueue implements JobQueue {
  readonly #queues: Readonly<Record<Lane, JobQueue>>

  constructor(queues: Readonly<Record<Lane, JobQueue>>) {
    this.#queues = queues
  }

  async add(jobs: readonly Job[]): Promise<void> {
    const byLane = Map.groupBy(jobs, laneOf)
    await Promise.all([...byLane].map(([lane, own]) => this.#queues[lane].add(own)))
  }

  process(handler: JobHandler, onEnded?: (job: Job) => void): void {
    for (const lane of lanes) this.#queues[lane].process(handler, onEnded)
  }

  async countWaiting(): Promise<number> {
    const { writes, background } = await this.countByLane()
    return writes + background
  }

  async countByLane(): Promise<Readonly<Record<Lane, number>>> {
    const { writes, background } = this.#queues
    return { writes: await writes.countWaiting(), background: await background.countWaiting() }
  }

  async requireReachable(): Promise<void> {
    await Promise.all(lanes.map(lane => this.#queues[lane].requireReachable()))
  }

  async close(): Promise<void> {
    await Promise.all(lanes.map(lane => this.#queues[lane].close()))
  }
}

function laneOf({ kind }: Job): Lane {
  return kind === 'advance' ? 'writes' : 'background'
}
