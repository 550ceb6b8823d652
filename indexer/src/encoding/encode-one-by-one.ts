import { type ErrorCode, HypershardError } from '@hypershard/common'
import type { TextRead } from '@hypershard/storage'
import type { EncodedDocuments } from '../ports.ts'
import type { EncodedBatch, EncodingFailure, Text } from './encoded-batch.ts'

/** What an encoder says when a text is at fault, and not the encoder or the way to it. */
const faultOfText: readonly ErrorCode[] = ['invalid_request', 'request_too_large', 'internal']

/** Every model can encode it: if even this fails, the fault is the encoder's. */
const harmlessText: Text = Object.freeze({ title: '', text: 'a word' })

type Encode = (texts: readonly Text[]) => Promise<EncodedDocuments>

/**
 * Encodes documents with one call. If the encoder refuses for the texts' sake, finds out which are at fault, by halves,
 * and encodes the rest. A vector with a NaN or an infinity is a failure of its document too.
 * @throws HypershardError of the encoder when it cannot even encode a harmless text
 */
export async function encodeOneByOne<Document extends Text>(
  documents: readonly Document[],
  encode: Encode,
): Promise<EncodedBatch<Document>> {
  const parts = await halve(documents, encode)
  if (parts.every(part => 'failure' in part)) {
    const [first] = parts
    // Nothing was encoded: the encoder's fault, unless it can do something else.
    if (first !== undefined) await encode([harmlessText])
  }
  return unite(parts)
}

type Part<Document> =
  | EncodingFailure<Document>
  | { readonly documents: readonly Document[]; readonly encoded: EncodedDocuments }

async function halve<Document extends Text>(
  documents: readonly Document[],
  encode: Encode,
): Promise<readonly Part<Document>[]> {
  try {
    return [{ documents, encoded: await encode(documents) }]
  } catch (error) {
    if (!(error instanceof HypershardError) || !faultOfText.includes(error.code)) throw error
    const [only] = documents
    if (documents.length === 1) return [{ document: only!, failure: error }]
    const middle = documents.length >> 1
    return [...(await halve(documents.slice(0, middle), encode)), ...(await halve(documents.slice(middle), encode))]
  }
}

function unite<Document>(parts: readonly Part<Document>[]): EncodedBatch<Document> {
  const failures: EncodingFailure<Document>[] = []
  const documents: Document[] = []
  const rows: Float32Array[] = []
  const read: (TextRead | undefined)[] = []
  let truncated = 0
  for (const part of parts) {
    if ('failure' in part) {
      failures.push(part)
      continue
    }
    const { vectors, vectorWidth } = part.encoded
    truncated += part.encoded.truncated
    for (const [at, document] of part.documents.entries()) {
      const row = vectors.subarray(at * vectorWidth, (at + 1) * vectorWidth)
      if (row.every(Number.isFinite)) {
        documents.push(document)
        rows.push(row)
        read.push(part.encoded.read?.[at])
      } else failures.push({ document, failure: notFinite() })
    }
  }
  const vectorWidth = rows[0]?.length ?? 0
  const vectors = new Float32Array(rows.length * vectorWidth)
  for (const [at, row] of rows.entries()) vectors.set(row, at * vectorWidth)
  return { documents, vectors, vectorWidth, truncated, read, failures }
}

function notFinite(): HypershardError {
  return new HypershardError('internal', 'its vector has a NaN or infinite value; the model is not usable for it')
}
