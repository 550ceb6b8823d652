import assert from 'node:assert/strict'
import { type Clock, type Deadline, HypershardError } from '@hypershard/common'
import { type BatchLimits, BatchQueue, type WaitingText } from './batch-queue.ts'

/** Texts of one caller that are answered together. */
export interface BatchRequest<Work> {
  readonly group: string
  readonly deadline: Deadline
  readonly texts: readonly { readonly tokens: number; readonly work: Work }[]
}

export interface BatchedAnswer<Answer> {
  /** In the order of the request's texts. */
  readonly answers: Answer[]
  /** From the request's arrival until the batch of its last text began. */
  readonly queueMs: number
  /** How long that batch ran. */
  readonly runMs: number
}

/** Computes one batch. An error in place of an answer concerns that text alone; a rejection fails the whole batch. */
export type RunBatch<Work, Answer> = (group: string, works: Work[]) => Promise<(Answer | HypershardError)[]>

/** Counts since the start, for metrics and tests. */
export interface BatcherStatistics {
  readonly batches: number
  /** Texts that were run. */
  readonly texts: number
  readonly tokens: number
  /** Texts times longest of each batch: what was computed for `tokens`. */
  readonly paddedTokens: number
  /** Texts never run: the caller had gone, the deadline had passed, or another text of the request had failed. */
  readonly dropped: number
}

export interface BatcherOptions<Work, Answer> extends BatchLimits {
  readonly run: RunBatch<Work, Answer>
  /** Told of each batch once it has ended, in whatever way. */
  readonly onBatch?: (batch: EndedBatch) => void
  readonly clock: Clock
}

export interface EndedBatch {
  readonly texts: number
  readonly tokens: number
  readonly runMs: number
}

interface Waiting<Work, Answer> extends WaitingText {
  readonly work: Work
  readonly request: OpenRequest<Work, Answer>
  readonly arrivedMs: number
  readonly position: number
}

interface OpenRequest<Work, Answer> {
  readonly texts: Waiting<Work, Answer>[]
  readonly answers: Answer[]
  unanswered: number
  settle(outcome: { error: unknown } | { queueMs: number; runMs: number }): void
}

/**
 * Makes batches of the texts of concurrent requests and runs them one after the other. What comes while nothing runs
 * runs at once; what comes while a batch runs waits for its end and so finds company, as much as there is. A request
 * of many texts is spread over as many batches as it needs; one whose caller goes leaves the queue at once.
 */
export class DynamicBatcher<Work, Answer> {
  readonly #options: BatcherOptions<Work, Answer>
  readonly #queue: BatchQueue<Waiting<Work, Answer>>
  readonly #statistics = { batches: 0, texts: 0, tokens: 0, paddedTokens: 0, dropped: 0 }
  #running = false

  constructor(options: BatcherOptions<Work, Answer>) {
    this.#options = options
    this.#queue = new BatchQueue(options)
  }

  /** Texts that wait for their batch. */
  get waiting(): number {
    return this.#queue.size
  }

  get statistics(): BatcherStatistics {
    return { ...this.#statistics }
  }

  /**
   * @throws HypershardError `cancelled`, `deadline_exceeded`, or what running it threw
   */
  submit(request: BatchRequest<Work>): Promise<BatchedAnswer<Answer>> {
    const { group, deadline } = request
    for (const { tokens } of request.texts) {
      assert(tokens <= this.#options.tokenBudgetMax, `a text of ${tokens} tokens is over the batch budget`)
    }
    if (request.texts.length === 0) return Promise.resolve({ answers: [], queueMs: 0, runMs: 0 })
    const arrivedMs = this.#options.clock.monotonicMs()
    return new Promise((resolve, reject) => {
      const open: OpenRequest<Work, Answer> = {
        texts: [],
        answers: new Array<Answer>(request.texts.length),
        unanswered: request.texts.length,
        settle: outcome => {
          deadline.signal.removeEventListener('abort', leave)
          if ('error' in outcome) reject(outcome.error)
          else resolve({ answers: open.answers, ...outcome })
        },
      }
      const leave = () => this.#fail(open, goneError(deadline))
      deadline.signal.addEventListener('abort', leave, { once: true })
      for (const [position, text] of request.texts.entries()) {
        const waiting = { ...text, group, deadline, arrivedMs, request: open, position }
        open.texts.push(waiting)
        this.#queue.add(waiting)
      }
      this.#pump()
    })
  }

  /** Starts the next batch unless one runs. */
  #pump(): void {
    if (this.#running) return
    const { batch, gone } = this.#queue.take()
    for (const text of gone) {
      this.#statistics.dropped++
      this.#fail(text.request, goneError(text.deadline))
    }
    if (batch.length > 0) void this.#run(batch)
  }

  async #run(batch: Waiting<Work, Answer>[]): Promise<void> {
    this.#running = true
    const tokens = this.#count(batch)
    const startedMs = this.#options.clock.monotonicMs()
    try {
      const works = batch.map(text => text.work)
      const answers = await this.#options.run(batch[0]!.group, works)
      assert.equal(answers.length, batch.length, 'a batch has one answer a text')
      const runMs = this.#options.clock.monotonicMs() - startedMs
      for (const [index, text] of batch.entries()) this.#answer(text, answers[index]!, { startedMs, runMs })
    } catch (error) {
      for (const text of batch) this.#fail(text.request, error)
    } finally {
      this.#running = false
      const runMs = this.#options.clock.monotonicMs() - startedMs
      this.#options.onBatch?.({ texts: batch.length, tokens, runMs })
      this.#pump()
    }
  }

  #answer(
    text: Waiting<Work, Answer>,
    answer: Answer | HypershardError,
    times: { startedMs: number; runMs: number },
  ): void {
    if (answer instanceof HypershardError) {
      this.#fail(text.request, answer)
      return
    }
    text.request.answers[text.position] = answer
    text.request.unanswered--
    if (text.request.unanswered > 0) return
    text.request.settle({ queueMs: times.startedMs - text.arrivedMs, runMs: times.runMs })
  }

  /** Ends a request with an error; its texts that still wait are never run. */
  #fail(request: OpenRequest<Work, Answer>, error: unknown): void {
    for (const text of request.texts) if (this.#queue.remove(text)) this.#statistics.dropped++
    request.settle({ error })
  }

  /** @returns the tokens of the batch */
  #count(batch: Waiting<Work, Answer>[]): number {
    const lengths = batch.map(text => text.tokens)
    const tokens = lengths.reduce((sum, length) => sum + length, 0)
    this.#statistics.batches++
    this.#statistics.texts += batch.length
    this.#statistics.tokens += tokens
    this.#statistics.paddedTokens += batch.length * Math.max(...lengths)
    return tokens
  }
}

function goneError(deadline: Pick<Deadline, 'cancelled'>): HypershardError {
  return deadline.cancelled
    ? new HypershardError('cancelled', 'the caller went away while its texts waited for the encoder')
    : new HypershardError('deadline_exceeded', 'no time left while waiting for the encoder; ask for a longer timeout')
}
