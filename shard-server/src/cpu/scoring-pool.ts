import { compareRank, type Deadline, type Logger } from '@hypershard/common'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { HoldMessage, ScanAnswer, ScanTask, ShardScan, ToScoringThread } from './messages.ts'

export interface ScoringOptions {
  /** Scoring threads; each computes on one core. */
  readonly threads: number
  readonly log: Logger
  /** A scoring thread died. */
  readonly onDeath: (error: Error) => void
  /** Starts a scoring thread; another kind in tests. */
  readonly startThread?: () => ScoringThread
}

/** One scoring thread as the pool knows it. */
export type ScoringThread = Pick<ThreadCalls<ToScoringThread, ScanAnswer>, 'call' | 'post' | 'close'>

/** What a query gives the pool; the pool adds what its threads share. */
export type ScanRequest = Omit<ScanTask, 'blockCounter'>

/** What all threads together answer. */
export type PoolAnswer = ScanAnswer & { readonly queueMs: number }

/** The scoring threads as one: every query is shared out between all of them, block by block. */
export class ScoringPool {
  readonly #threads: readonly ScoringThread[]
  /** Of searches that have ended. */
  readonly #blockCounters: ScanTask['blockCounter'][] = []

  constructor({ threads, log, onDeath, startThread }: ScoringOptions) {
    const file = new URL('./scoring-thread.ts', import.meta.url)
    const start = startThread ?? (() => new ThreadCalls({ name: 'scoring', file, workerData: undefined, log, onDeath }))
    this.#threads = Array.from({ length: threads }, start)
  }

  /**
   * Makes a segment known to every thread, or to none. The arrays lie in shared memory and are not copied; files are not
   * needed any more once this has ended.
   * @throws HypershardError of the first thread that refuses it
   */
  async hold(segment: Omit<HoldMessage, 'type' | 'call'>): Promise<void> {
    const answers = this.#threads.map(thread => thread.call(call => ({ type: 'hold', call, ...segment })).answer)
    // All of them, so that no thread opens a file that is removed already.
    const refused = (await Promise.allSettled(answers)).find(result => result.status === 'rejected')
    if (refused === undefined) return
    this.drop(segment.key)
    throw refused.reason
  }

  drop(key: string): void {
    this.#tell({ type: 'drop', key })
  }

  /**
   * Scores; the answer may be cut short by the task's end or by the caller going away, and says so.
   * @throws HypershardError `invalid_request` for a q-net that cannot be read, `cancelled` when the caller has gone
   */
  async scan(request: ScanRequest, deadline: Deadline): Promise<PoolAnswer> {
    deadline.check('score')
    const blockCounter = this.#takeBlockCounter()
    const work = { ...request, blockCounter }
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
      this.#blockCounters.push(blockCounter)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()))
  }

  /** As many as ever were in use at once are kept: shared memory is slow to come by. */
  #takeBlockCounter(): ScanTask['blockCounter'] {
    const used = this.#blockCounters.pop()
    return used?.fill(0) ?? new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  }

  #tell(message: ToScoringThread): void {
    for (const thread of this.#threads) thread.post(message)
  }
}

/** Each thread's best of its blocks, as if one thread had scored all. */
function mergeAnswers(answers: readonly ScanAnswer[], limit: number): PoolAnswer {
  const [first] = answers
  const scans = first!.scans.map((_, place) =>
    mergeScans(
      answers.map(answer => answer.scans[place]!),
      limit,
    ),
  )
  const queueMs = answers.flatMap(answer => answer.queueMs ?? [])
  return { scans, queueMs: queueMs.length === 0 ? 0 : Math.min(...queueMs) }
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
