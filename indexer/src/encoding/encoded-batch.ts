import type { HypershardError } from '@hypershard/common'
import type { EncodedDocuments } from '../ports.ts'

/** What is encoded of a document. */
export interface Text {
  readonly title: string
  readonly text: string
}

/** Documents that were encoded, with their vectors, and those of the same batch that cannot be. */
export interface EncodedBatch<Document> extends EncodedDocuments {
  readonly documents: readonly Document[]
  readonly failures: readonly EncodingFailure<Document>[]
}

export interface EncodingFailure<Document> {
  readonly document: Document
  readonly failure: HypershardError
}
