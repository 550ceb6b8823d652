import { type Clock, HypershardError } from '@hypershard/common'
import { type GenerationReference, type ObjectStore, writeProgress } from '@hypershard/storage'

/** How often progress is written at most. */
const writeEveryMs = 1_000

/** The rate is measured over about this much time. */
const rateWindowMs = 30_000

interface Mark {
  readonly atMs: number
  readonly documents: number
}

/**
 * Tells, about once a second, what an indexer does on one generation. A report that cannot be written is no failure.
 */
export class ProgressReporter {
  readonly #store: ObjectStore
  readonly #generation: GenerationReference
  readonly #clock: Clock
  readonly #marks: Mark[] = []
  #documents = 0
  #sinceCommit = 0
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #writing = false

  constructor(store: ObjectStore, generation: GenerationReference, clock: Clock) {
    this.#store = store
    this.#generation = generation
    this.#clock = clock
  }

  encoded(documents: number): void {
    this.#documents += documents
    this.#sinceCommit += documents
    const atMs = this.#clock.monotonicMs()
    this.#marks.push({ atMs, documents: this.#documents })
    while (this.#marks.length > 2 && atMs - this.#marks[0]!.atMs > rateWindowMs) this.#marks.shift()
    if (atMs - this.#writtenAtMs >= writeEveryMs) void this.#write(null)
  }

  committed(documents: number): void {
    this.#sinceCommit = Math.max(0, this.#sinceCommit - documents)
  }

  /** Says why nothing goes on, until something does. */
  stuck(error: unknown): Promise<void> {
    const failure = error instanceof HypershardError ? error : new HypershardError('internal', String(error))
    return this.#write({ code: failure.code, message: failure.message })
  }

  async #write(problem: { code: string; message: string } | null): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    this.#writtenAtMs = this.#clock.monotonicMs()
    const updatedAt = new Date(this.#clock.now()).toISOString()
    const progress = { encoded: this.#sinceCommit, documentsPerSecond: this.#rate(), problem, updatedAt }
    await writeProgress(this.#store, this.#generation, progress).catch(() => undefined)
    this.#writing = false
  }

  #rate(): number {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)]
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0
    return ((last.documents - first.documents) / (last.atMs - first.atMs)) * 1000
  }
}
