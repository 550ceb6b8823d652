import { InvalidCall } from '../errors.ts'
import { batchBytesDefault, batchDocumentsDefault } from '../limits.ts'

/** A document as a caller writes it: `id` and `text`, and any fields; see docs/api.md. */
export interface DocumentLine {
  readonly [key: string]: unknown
  readonly id?: string
  readonly _id?: string
  readonly title?: string | null
  readonly text?: string | null
  readonly _op?: string
  readonly _if_version?: number
}

export interface Batch {
  /** NDJSON. */
  readonly bytes: Uint8Array
  readonly documents: number
  /** The place of its first document in the source, from 1. */
  readonly first: number
  readonly last: boolean
}

export interface BatchLimits {
  /** A document that is larger alone makes a batch of its own. */
  readonly batchBytesMax?: number | undefined
  readonly batchDocumentsMax?: number | undefined
}

/**
 * Cuts documents into bodies of bounded size. The source is asked for more only when the batch before was taken, so that
 * no more than two batches are in memory.
 */
export async function* cutBatches(
  documents: Iterable<DocumentLine> | AsyncIterable<DocumentLine>,
  { batchBytesMax = batchBytesDefault, batchDocumentsMax = batchDocumentsDefault }: BatchLimits,
): AsyncGenerator<Batch> {
  if (!(batchBytesMax >= 1) || !(batchDocumentsMax >= 1)) {
    throw new InvalidCall('batchBytesMax and batchDocumentsMax must be at least 1')
  }
  let lines: Uint8Array[] = []
  let bytes = 0
  let first = 1
  for await (const document of documents) {
    const line = toLine(document, first + lines.length)
    // A batch is given away when it is known that it is not the last.
    if (lines.length > 0 && (bytes + line.length > batchBytesMax || lines.length >= batchDocumentsMax)) {
      yield { bytes: join(lines, bytes), documents: lines.length, first, last: false }
      first += lines.length
      lines = []
      bytes = 0
    }
    lines.push(line)
    bytes += line.length
  }
  if (lines.length > 0) yield { bytes: join(lines, bytes), documents: lines.length, first, last: true }
}

const encoder = new TextEncoder()

function toLine(document: DocumentLine, place: number): Uint8Array {
  const text = JSON.stringify(document) as string | undefined
  if (text?.startsWith('{') !== true) throw new InvalidCall(`document ${place} is no object`)
  return encoder.encode(`${text}\n`)
}

function join(lines: readonly Uint8Array[], bytes: number): Uint8Array {
  const joined = new Uint8Array(bytes)
  let at = 0
  for (const line of lines) {
    joined.set(line, at)
    at += line.length
  }
  return joined
}
