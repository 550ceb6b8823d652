import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { GemmShape } from './gemm-thread.ts'

/** The machine's own limit for a q-net: its core layers' matrix products alone, on as many threads as the scorer has. */
export class GemmLimit {
  readonly rows: number
  readonly #workers: readonly Worker[]

  private constructor(rows: number, workers: readonly Worker[]) {
    this.rows = rows
    this.#workers = workers
  }

  static async start(shape: GemmShape, threads: number): Promise<GemmLimit> {
    const file = new URL('./gemm-thread.ts', import.meta.url)
    const workers = Array.from({ length: threads }, () => new Worker(file, { workerData: shape }))
    await Promise.all(workers.map(worker => once(worker, 'message')))
    return new GemmLimit(shape.rows, workers)
  }

  /** Runs the products for this many blocks, shared out between the threads. */
  async run(blocks: number): Promise<void> {
    const share = blocks / this.#workers.length
    const done = this.#workers.map(worker => once(worker, 'message'))
    for (const worker of this.#workers) worker.postMessage(share)
    await Promise.all(done)
  }

  async stop(): Promise<void> {
    const ended = this.#workers.map(worker => once(worker, 'exit'))
    for (const worker of this.#workers) worker.postMessage('stop')
    await Promise.all(ended)
  }
}
