import { type Clock, HypershardError } from '@hypershard/common'
import { type GenerationReference, type ObjectStore, writeProgress } from '@hypershard/storage'

/** How often progress is written at most, and how often while work waits for its throttle. */
const writeEveryMs = 1_000
const writeWaitingEveryMs = 5_000

/** The rate is measured over about this much time, and at least from one batch to the next. */
const rateWindowMs = 10_000

/** After such a rest the rate is measured anew. */
const restMs = 10_000

interface Mark {
  readonly atMs: number
  readonly documents: number
}

/** What one job does on the generation. */
export interface WorkProgress {
  encoded(documents: number): void
  committed(documents: number): void
  /** It waits for the throttle. */
  waiting(): void
  /** Nothing more comes of it; what it did not commit is not done. */
  end(): void
}

/**
 * Tells, about once a second, what all jobs of an indexer do on one generation: a copy is many short ones, and at each
 * the rate would begin with 0. A report that cannot be written is no failure.
 */
export class ProgressReporter {
  readonly #store: ObjectStore
  readonly #generation: GenerationReference
  readonly #clock: Clock
  /** Oldest first. */
  #marks: Mark[] = []
  /** Of each job that goes on: what it has encoded and not committed. */
  readonly #open = new Map<WorkProgress, number>()
  #documents = 0
  #activeAtMs = Number.NEGATIVE_INFINITY
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #writing = false

  constructor(store: ObjectStore, generation: GenerationReference, clock: Clock) {
    this.#store = store
    this.#generation = generation
    this.#clock = clock
  }

  begin(): WorkProgress {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#activeAtMs > restMs) this.#marks = []
    if (this.#marks.length === 0) this.#marks.push({ atMs: nowMs, documents: this.#documents })
    this.#activeAtMs = nowMs
    const work: WorkProgress = {
      encoded: documents => {
        this.#add(work, documents)
        this.#documents += documents
        this.#mark()
        this.#tell(writeEveryMs)
      },
      committed: documents => {
        this.#add(work, -documents)
        this.#tell(writeEveryMs)
      },
      waiting: () => this.#tell(writeWaitingEveryMs),
      end: () => {
        this.#activeAtMs = this.#clock.monotonicMs()
        this.#open.delete(work)
      },
    }
    this.#open.set(work, 0)
    return work
  }

  /** Says why nothing goes on, until something does. */
  stuck(error: unknown): Promise<void> {
    const failure = error instanceof HypershardError ? error : new HypershardError('internal', String(error))
    return this.#write({ code: failure.code, message: failure.message })
  }

  #add(work: WorkProgress, documents: number): void {
    this.#open.set(work, Math.max(0, (this.#open.get(work) ?? 0) + documents))
  }

  #mark(): void {
    const atMs = this.#clock.monotonicMs()
    this.#marks.push({ atMs, documents: this.#documents })
    // One that is older than the window remains, so that the rate is over all of it.
    while (this.#marks.length > 2 && atMs - this.#marks[1]!.atMs > rateWindowMs) this.#marks.shift()
  }

  #tell(everyMs: number): void {
    this.#activeAtMs = this.#clock.monotonicMs()
    if (this.#activeAtMs - this.#writtenAtMs >= everyMs) void this.#write(null)
  }

  async #write(problem: { code: string; message: string } | null): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    this.#writtenAtMs = this.#clock.monotonicMs()
    const encoded = [...this.#open.values()].reduce((sum, documents) => sum + documents, 0)
    const updatedAt = new Date(this.#clock.now()).toISOString()
    const progress = { encoded, documentsPerSecond: this.#rate(), problem, updatedAt }
    await writeProgress(this.#store, this.#generation, progress).catch(() => undefined)
    this.#writing = false
  }

  /** Between the first mark and the last; less once the next is overdue. */
  #rate(): number {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)]
    if (first === undefined || last === undefined || last === first) return 0
    const tookMs = Math.max(last.atMs - first.atMs, this.#clock.monotonicMs() - last.atMs)
    return tookMs <= 0 ? 0 : ((last.documents - first.documents) / tookMs) * 1000
  }
}
