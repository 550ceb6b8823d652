import { compareRank, type Deadline, type Logger, sumScanCounts } from '@hypershard/common'
import { kernelIdentity } from '@hypershard/qnet'
import type { ScanAnswer, ScanRequest, ScoringBackend, SegmentToHold, ShardScan } from '../ports.ts'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { ScanTask, ThreadAnswer, ToScoringThread } from './messages.ts'

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
export type ScoringThread = Pick<ThreadCalls<ToScoringThread, ThreadAnswer>, 'call' | 'post' | 'close'>

/** The CPU as a backend: the scoring threads as one. Every query is shared out between all of them, piece by piece. */
export class ScoringPool implements ScoringBackend {
  readonly kernel = kernelIdentity()
  readonly #threads: readonly ScoringThread[]
  /** Of searches that have ended. */
  readonly #pieceCounters: ScanTask['pieceCounters'][] = []

  constructor({ threads, log, onDeath, startThread }: ScoringOptions) {
    const file = new URL('./scoring-thread.ts', import.meta.url)
    const start = startThread ?? (() => new ThreadCalls({ name: 'scoring', file, workerData: undefined, log, onDeath }))
    this.#threads = Array.from({ length: threads }, start)
  }

  /** Makes a segment known to every thread, or to none. */
  async hold(segment: SegmentToHold): Promise<void> {
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

  async scan(request: ScanRequest, deadline: Deadline): Promise<ScanAnswer> {
    deadline.check('score')
    const pieceCounters = this.#takePieceCounters()
    const work = { ...request, pieceCounters }
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
      this.#pieceCounters.push(pieceCounters)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()))
  }

  /** As many as ever were in use at once are kept: shared memory is slow to come by. */
  #takePieceCounters(): ScanTask['pieceCounters'] {
    const used = this.#pieceCounters.pop()
    return used?.fill(0) ?? new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  }

  #tell(message: ToScoringThread): void {
    for (const thread of this.#threads) thread.post(message)
  }
}

/** Each thread's best of its pieces, as if one thread had scored all. */
function mergeAnswers(answers: readonly ThreadAnswer[], limit: number): ScanAnswer {
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
  return {
    shard: scans[0]!.shard,
    hits: scans
      .flatMap(scan => scan.hits)
      .sort(compareRank)
      .slice(0, limit),
    ...sumScanCounts(scans),
    plan: scans[0]!.plan,
    nonFiniteScores: scans.reduce((sum, scan) => sum + scan.nonFiniteScores, 0),
    stop: scans.find(scan => scan.stop !== 'complete')?.stop ?? 'complete',
    scoreMs: Math.max(...scans.map(scan => scan.scoreMs)),
  }
}
