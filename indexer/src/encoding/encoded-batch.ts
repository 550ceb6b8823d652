import type { HypershardError } from '@hypershard/common'
import type { TextRead } from '@hypershard/storage'
import type { EncodedDocuments } from '../ports.ts'

/** What is encoded of a document. */
export interface Text {
  readonly title: string
  readonly text: string
}

/** Documents that were encoded, with their vectors, and those of the same batch that cannot be. */
export interface EncodedBatch<Document> extends Omit<EncodedDocuments, 'read'> {
  readonly documents: readonly Document[]
  /** Of each document, how much of it the model could read, where the encoder tells. */
  readonly read: readonly (TextRead | undefined)[]
  readonly failures: readonly EncodingFailure<Document>[]
}

export interface EncodingFailure<Document> {
  readonly document: Document
  readonly failure: HypershardError
}
