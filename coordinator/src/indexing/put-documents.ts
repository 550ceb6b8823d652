import type { Deadline } from '@hypershard/common'
import type { Catalog } from '../catalog/catalog.ts'
import type { LineProblem, ReceivedDocument } from './check-document.ts'
import type { CheckedDocument, DocumentSink, SinkProgress } from './document-sink.ts'

export interface PutInput {
  readonly index: string
  readonly documents: AsyncIterable<ReceivedDocument>
  readonly onProgress?: ((progress: PutProgress) => void) | undefined
}

export interface PutProgress extends SinkProgress {
  /** Lines read so far, good and bad. */
  readonly received: number
}

export interface LineError extends LineProblem {
  readonly line: number
}

export interface PutReport {
  readonly received: number
  readonly indexed: number
  readonly superseded: number
  readonly failed: number
  readonly truncated: number
  readonly manifestVersion: number
  readonly tookMs: number
  /** The first `lineErrorsMax`; `failed` counts them all. */
  readonly errors: readonly LineError[]
}

export interface PutParts {
  readonly catalog: Catalog
  readonly sink: DocumentSink
}

export const lineErrorsMax = 1_000

/**
 * Puts the good documents of a request into an index and reports the bad ones, which harm no other.
 * @throws HypershardError `index_not_found`, and what reading the request and the sink throw; nothing is visible then
 */
export async function putDocuments(input: PutInput, deadline: Deadline, parts: PutParts): Promise<PutReport> {
  const startMs = performance.now()
  const index = parts.catalog.get(input.index)
  const tally = new LineTally(input.onProgress)
  const outcome = await parts.sink.write(index, tally.goodOnes(input.documents), deadline, progress =>
    tally.advance(progress),
  )
  const { received, failed, errors } = tally
  return { received, ...outcome, failed, errors, tookMs: performance.now() - startMs }
}

/** Counts what comes in, keeps the bad lines back, and reports progress. */
class LineTally {
  readonly errors: LineError[] = []
  received = 0
  failed = 0
  readonly #onProgress: (progress: PutProgress) => void
  #sink: SinkProgress = { encoded: 0, total: null }

  constructor(onProgress: (progress: PutProgress) => void = () => undefined) {
    this.#onProgress = onProgress
  }

  async *goodOnes(documents: AsyncIterable<ReceivedDocument>): AsyncGenerator<CheckedDocument> {
    for await (const received of documents) {
      this.received++
      if ('document' in received) yield received.document
      else this.#fail({ line: received.line, ...received.problem })
      this.#onProgress({ received: this.received, ...this.#sink })
    }
  }

  advance(progress: SinkProgress): void {
    this.#sink = progress
    this.#onProgress({ received: this.received, ...progress })
  }

  #fail(error: LineError): void {
    this.failed++
    if (this.errors.length < lineErrorsMax) this.errors.push(error)
  }
}
