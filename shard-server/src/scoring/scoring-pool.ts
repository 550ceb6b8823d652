import { type Deadline, HypershardError, type Logger } from '@hypershard/common'
import type { IdColumn } from '@hypershard/segments'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { ScanAnswer, ScanTask, ToScoringThread } from './messages.ts'
import type { ScoringThreadData } from './scoring-thread.ts'

export interface ScoringOptions {
  /** Threads inside one matrix product. */
  readonly threads: number
  /** Queries scored or waiting for their turn; more are refused. */
  readonly searchesMax: number
  readonly log: Logger
  /** The scoring thread died and with it every vector. */
  readonly onDeath: (error: Error) => void
}

/** The main thread's side of the scoring thread. */
export class ScoringPool {
  readonly #calls: ThreadCalls<ToScoringThread, ScanAnswer>
  readonly #searchesMax: number

  constructor({ threads, searchesMax, log, onDeath }: ScoringOptions) {
    this.#searchesMax = searchesMax
    const file = new URL('./scoring-thread.ts', import.meta.url)
    const workerData: ScoringThreadData = { threads }
    this.#calls = new ThreadCalls({ name: 'scoring', file, workerData, log, onDeath })
  }

  /** Hands a segment's vectors and ids over: the caller's arrays are empty afterwards. */
  hold(key: string, width: number, vectors: Float32Array<ArrayBuffer>, ids: IdColumn): void {
    this.#calls.post({ type: 'hold', key, width, vectors, ids }, [vectors.buffer, ids.offsets.buffer, ids.bytes.buffer])
  }

  drop(key: string): void {
    this.#calls.post({ type: 'drop', key })
  }

  /**
   * Scores; the answer may be cut short by the task's end or by the caller going away, and says so.
   * @throws HypershardError `overloaded` when too many queries wait, `invalid_request` for a q-net that cannot be read
   */
  async scan(work: ScanTask, deadline: Deadline): Promise<ScanAnswer> {
    if (this.#calls.waitingCount >= this.#searchesMax) {
      const message = `${this.#calls.waitingCount} searches are being scored or wait; try again in a moment`
      throw new HypershardError('overloaded', message)
    }
    const { call, answer } = this.#calls.call(number => ({ type: 'scan', call: number, work }))
    const cancel = () => this.#calls.post({ type: 'cancel', call })
    deadline.signal.addEventListener('abort', cancel, { once: true })
    try {
      return await answer
    } finally {
      deadline.signal.removeEventListener('abort', cancel)
    }
  }

  close(): Promise<void> {
    return this.#calls.close()
  }
}
