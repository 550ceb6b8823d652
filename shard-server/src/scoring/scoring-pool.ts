import { compareRank, type Deadline, HypershardError, type Logger } from '@hypershard/common'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { HoldMessage, ScanAnswer, ScanTask, ToScoringThread } from './messages.ts'
import type { ShardScan } from './scan-shards.ts'

export interface ScoringOptions {
  /** Scoring threads; each computes on one core. */
  readonly threads: number
  /** Queries scored or waiting at once, for their segments or their turn; more are refused. */
  readonly searchesMax: number
  readonly log: Logger
  /** A scoring thread died. */
  readonly onDeath: (error: Error) => void
}

/** What a query gives the pool; the pool adds what its threads share. */
export type ScanRequest = Omit<ScanTask, 'blockCounter' | 'qnet'> & {
  readonly qnet: Omit<ScanTask['qnet'], 'weights'> & { readonly weights: Uint8Array }
}

/** The scoring threads as one: every query is shared out between all of them, block by block. */
export class ScoringPool {
  readonly #threads: readonly ThreadCalls<ToScoringThread, ScanAnswer>[]
  readonly #searchesMax: number
  #searches = 0

  constructor({ threads, searchesMax, log, onDeath }: ScoringOptions) {
    this.#searchesMax = searchesMax
    const file = new URL('./scoring-thread.ts', import.meta.url)
    this.#threads = Array.from(
      { length: threads },
      () => new ThreadCalls({ name: 'scoring', file, workerData: undefined, log, onDeath }),
    )
  }

  /**
   * Makes a segment known to every thread. The arrays lie in shared memory and are not copied; the graph's file is not
   * needed any more once this has resolved.
   */
  async hold(segment: Omit<HoldMessage, 'type' | 'call'>): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.call(call => ({ type: 'hold', call, ...segment })).answer))
  }

  drop(key: string): void {
    this.#tell({ type: 'drop', key })
  }

  /**
   * Runs one search's work if there is room for it.
   * @throws HypershardError `overloaded` when too many searches are under way
   */
  async admit<Result>(search: () => Promise<Result>): Promise<Result> {
    if (this.#searches >= this.#searchesMax) {
      const message = `${this.#searches} searches are under way on this server; try again in a moment`
      throw new HypershardError('overloaded', message)
    }
    this.#searches++
    try {
      return await search()
    } finally {
      this.#searches--
    }
  }

  /**
   * Scores; the answer may be cut short by the task's end or by the caller going away, and says so.
   * @throws HypershardError `invalid_request` for a q-net that cannot be read, `cancelled` when the caller has gone
   */
  async scan(request: ScanRequest, deadline: Deadline): Promise<ScanAnswer> {
    deadline.check('score')
    const work = withSharedMemory(request)
    const calls = this.#threads.map(thread => thread.call(call => ({ type: 'scan', call, work })))
    const cancel = () => {
      for (const [index, thread] of this.#threads.entries()) thread.post({ type: 'cancel', call: calls[index]!.call })
    }
    deadline.signal.addEventListener('abort', cancel, { once: true })
    try {
      // All of them, so that no thread reads a segment after its lease has ended.
      const settled = await Promise.allSettled(calls.map(({ answer }) => answer))
      return mergeAnswers(
        settled.map(result => {
          if (result.status === 'rejected') throw result.reason
          return result.value
        }),
        request.limit,
      )
    } finally {
      deadline.signal.removeEventListener('abort', cancel)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()))
  }

  #tell(message: ToScoringThread): void {
    for (const thread of this.#threads) thread.post(message)
  }
}

/** Weights that are not shared yet are copied once, not once a thread: 14 MB take 2 ms. */
function withSharedMemory(request: ScanRequest): ScanTask {
  const weights = toShared(request.qnet.weights)
  const blockCounter = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  return { ...request, qnet: { ...request.qnet, weights }, blockCounter }
}

function toShared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes as Uint8Array<SharedArrayBuffer>
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  shared.set(bytes)
  return shared
}

/** Each thread's best of its blocks, as if one thread had scored all. */
function mergeAnswers(answers: readonly ScanAnswer[], limit: number): ScanAnswer {
  const [first] = answers
  const scans = first!.scans.map((_, place) =>
    mergeScans(
      answers.map(answer => answer.scans[place]!),
      limit,
    ),
  )
  return { scans, queueMs: Math.min(...answers.map(answer => answer.queueMs)) }
}

function mergeScans(scans: readonly ShardScan[], limit: number): ShardScan {
  const total = (count: (scan: ShardScan) => number) => scans.reduce((sum, scan) => sum + count(scan), 0)
  return {
    shard: scans[0]!.shard,
    hits: scans
      .flatMap(scan => scan.hits)
      .sort(compareRank)
      .slice(0, limit),
    documentsScored: total(scan => scan.documentsScored),
    documentsScanned: total(scan => scan.documentsScanned),
    documentsWalked: total(scan => scan.documentsWalked),
    plan: scans[0]!.plan,
    nonFiniteScores: total(scan => scan.nonFiniteScores),
    stop: scans.find(scan => scan.stop !== 'complete')?.stop ?? 'complete',
    scoreMs: Math.max(...scans.map(scan => scan.scoreMs)),
  }
}
