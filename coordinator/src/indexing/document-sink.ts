import type { Deadline } from '@hypershard/common'
import type { CatalogEntry } from '../catalog/catalog.ts'

/** A document that may be stored: id, title and text are well-formed, `fields` is the JSON text of an object. */
export interface CheckedDocument {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly fields: string
}

export interface SinkProgress {
  readonly encoded: number
  /** Documents to encode in all; null until all have been received. */
  readonly total: number | null
}

export interface SinkOutcome {
  readonly indexed: number
  /** Documents of this put whose id came again later in it. */
  readonly superseded: number
  /** Documents longer than the model reads. */
  readonly truncated: number
  /** Searches that pin this version or a later one find the documents. */
  readonly manifestVersion: number
}

/**
 * Where the documents of a put go. All of them become visible together or none does; of several with one id the last
 * wins. What stands behind decides when a put is done: once its segments are loaded, or once a log has it.
 */
export interface DocumentSink {
  write(
    index: CatalogEntry,
    documents: AsyncIterable<CheckedDocument>,
    deadline: Deadline,
    onProgress: (progress: SinkProgress) => void,
  ): Promise<SinkOutcome>
}
