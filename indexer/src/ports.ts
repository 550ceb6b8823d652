/** What the indexer needs from other processes; src/adapters speaks to them. Every method rejects with a HypershardError. */
import type { Deadline, RequestContext } from '@hypershard/common'
import type { CutDocument, DocumentText } from '@hypershard/proto/encoder'
import type { QNet } from '@hypershard/proto/qnet'
import type { TextRead } from '@hypershard/storage'

/** Document vectors, f32 row-major [documents, vectorWidth], in the order of the texts. */
export interface EncodedDocuments {
  readonly vectors: Float32Array
  readonly vectorWidth: number
  /** How many texts were longer than the model reads. */
  readonly truncated: number
  /** Of each text, how much of it the model could read; left out by an encoder service that does not tell. */
  readonly read?: readonly TextRead[] | undefined
}

/** A model as far as an indexer cares. */
export interface EncoderModel {
  readonly digest: string
  readonly name: string
  /** What document vectors are computed in; empty where the service does not say. */
  readonly documentKernel: string
}

/** One encoder service. */
export interface EncoderServicePort extends Omit<EncoderPort, 'encodersOf'> {
  /** What it says of itself. */
  describe(
    deadline: Deadline,
  ): Promise<{ readonly models: readonly EncoderModel[]; readonly draining: boolean; readonly protocolVersion: number }>
}

/** The encoder services, as one. */
export interface EncoderPort {
  /** How many of them encode for the model at the moment; 1 at least. */
  encodersOf(modelDigest: string): number
  encodeDocuments(
    batch: { modelDigest: string; documents: readonly DocumentText[] },
    context: RequestContext,
  ): Promise<EncodedDocuments>
  /** Where documents are cut into passages, in their order. @param batch `overlap` as in the index's settings */
  cutDocuments(
    batch: { modelDigest: string; documents: readonly DocumentText[]; overlap: number },
    context: RequestContext,
  ): Promise<readonly CutDocument[]>
  /** A query's q-net, f32. */
  encodeQuery(query: { modelDigest: string; text: string }, context: RequestContext): Promise<{ readonly qnet: QNet }>
  close(): void
}
