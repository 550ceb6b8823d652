/** What the indexer needs from other processes; src/adapters speaks to them. Every method rejects with a HypershardError. */
import type { Deadline } from '@hypershard/common'
import type { DocumentText } from '@hypershard/proto/encoder'
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

/** The encoder service. */
export interface EncoderPort {
  encodeDocuments(
    batch: { modelDigest: string; documents: readonly DocumentText[] },
    deadline: Deadline,
  ): Promise<EncodedDocuments>
  /** A query's q-net, f32. */
  encodeQuery(query: { modelDigest: string; text: string }, deadline: Deadline): Promise<{ readonly qnet: QNet }>
  close(): void
}
