import { hash } from 'node:crypto'
import {
  type Deadline,
  type Histogram,
  type Logger,
  type Meter,
  quietMeter,
  unlabelled,
  waitWithin,
} from '@hypershard/common'
import type { QueryWords } from '@hypershard/proto/shard'
import type { ScanHit, SharedIds } from '../ports.ts'
import { ThreadCalls } from '../threads/thread-calls.ts'
import { wordsMetrics } from './metrics.ts'
import type { WordStatistics } from './score-words.ts'
import type { CountTask, RankTask, ScoreTask, ToWordsThread, WordQuery, WordsAnswer } from './words-thread.ts'

export interface WordSearcherOptions {
  readonly log: Logger
  readonly meter?: Meter
  /** The thread died. */
  readonly onDeath: (error: Error) => void
}

/**
 * The main thread's side of the words thread, which is started with the first segment that has words: most servers need
 * none. How many calls wait is bounded by the searches that run at a time.
 */
export class WordSearcher {
  readonly #options: WordSearcherOptions
  readonly #rankSeconds: Histogram<never>
  #started: ThreadCalls<ToWordsThread, WordsAnswer> | undefined

  constructor(options: WordSearcherOptions) {
    this.#options = options
    this.#rankSeconds = (options.meter ?? quietMeter).histogram(wordsMetrics.rankSeconds)
  }

  /** Makes a segment known. Nothing of it is copied. */
  hold(segment: { key: string; words: Uint8Array<SharedArrayBuffer>; ids: SharedIds }): void {
    this.#thread.post({ type: 'hold', ...segment })
  }

  drop(key: string): void {
    this.#started?.post({ type: 'drop', key })
  }

  /** @throws HypershardError `deadline_exceeded` */
  async count(task: CountTask, deadline: Deadline): Promise<WordStatistics> {
    const counting = this.#thread.call(call => ({ type: 'count', call, ...task })).answer
    const answer = await waitWithin(counting, deadline, 'counting words')
    return (answer as WordsAnswer & { type: 'count' }).counts
  }

  /** The best by words, whose scores are those of the words. @throws HypershardError `deadline_exceeded` */
  async rank(task: RankTask, deadline: Deadline): Promise<readonly ScanHit[]> {
    const startMs = performance.now()
    const ranking = this.#thread.call(call => ({ type: 'rank', call, ...task })).answer
    const answer = await waitWithin(ranking, deadline, 'ranking by words')
    this.#rankSeconds.observe(unlabelled, (performance.now() - startMs) / 1_000)
    return (answer as WordsAnswer & { type: 'rank' }).hits
  }

  /** The words' scores of some rows. @throws HypershardError `deadline_exceeded` */
  async score(task: ScoreTask, deadline: Deadline): Promise<Float64Array> {
    const scoring = this.#thread.call(call => ({ type: 'score', call, ...task })).answer
    const answer = await waitWithin(scoring, deadline, 'scoring by words')
    return (answer as WordsAnswer & { type: 'score' }).scores
  }

  async close(): Promise<void> {
    await this.#started?.close()
  }

  get #thread(): ThreadCalls<ToWordsThread, WordsAnswer> {
    const { log, onDeath } = this.#options
    const file = new URL('./words-thread.ts', import.meta.url)
    this.#started ??= new ThreadCalls({ name: 'words', file, workerData: undefined, log, onDeath })
    return this.#started
  }
}

/** As the thread takes it. */
export function wordQueryOf({ terms, averageLength }: QueryWords): WordQuery {
  return { name: hash('sha256', JSON.stringify([terms, averageLength]), 'base64'), terms, averageLength }
}
