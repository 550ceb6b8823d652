import { Deadline, HypershardError } from '@hypershard/common'
import { pauseWithin } from '../limits/pause-within.ts'
import type { EncodedDocuments, EncoderPort } from '../ports.ts'
import type { CheckedDocument } from './document-sink.ts'

export interface EncodedBatch extends EncodedDocuments {
  readonly documents: readonly CheckedDocument[]
}

/** Enough to fill the encoder's batches; 4 MiB of text stays far below the largest message. */
const batchDocumentsMax = 64
const batchCharactersMax = 1024 * 1024

/** One call is encoded while the next ones are on their way and the one before is written. */
const callsInFlightMax = 3

/** Pauses before trying again: doubled each time, with jitter. */
const pauseMsMin = 50
const pauseMsMax = 5_000

/** How often a call may find the encoder unreachable in a row: with the pauses, about 20 seconds. */
const unreachableMax = 10

/** Of one call, which an encoder on a busy CPU may take long for. */
const callMsMax = 120_000

/**
 * Encodes documents in batches, several calls in flight, and yields them in their order. An encoder that says it is
 * overloaded is given time for as long as the deadline lasts; one that cannot be reached, for some seconds.
 * @throws HypershardError of the encoder, `deadline_exceeded`, `cancelled`
 */
export async function* encodeDocuments(
  documents: AsyncIterable<CheckedDocument>,
  modelDigest: string,
  encoder: EncoderPort,
  deadline: Deadline,
): AsyncGenerator<EncodedBatch> {
  const abandon = new AbortController()
  const signal = AbortSignal.any([deadline.signal, abandon.signal])
  const inFlight: Promise<EncodedBatch>[] = []
  try {
    for await (const batch of batchesOf(documents)) {
      const call = encodeBatch(batch, modelDigest, encoder, Deadline.after(deadline.remainingMs, { signal }))
      // A failure is met when its turn comes, or an earlier one ends everything: until then it is nobody's.
      call.catch(() => undefined)
      inFlight.push(call)
      if (inFlight.length === callsInFlightMax) yield await inFlight.shift()!
    }
    for (const call of inFlight) yield await call
  } finally {
    abandon.abort()
  }
}

async function* batchesOf(documents: AsyncIterable<CheckedDocument>): AsyncGenerator<CheckedDocument[]> {
  let batch: CheckedDocument[] = []
  let characters = 0
  for await (const document of documents) {
    const own = document.title.length + document.text.length
    if (batch.length === batchDocumentsMax || (batch.length > 0 && characters + own > batchCharactersMax)) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(document)
    characters += own
  }
  if (batch.length > 0) yield batch
}

async function encodeBatch(
  documents: readonly CheckedDocument[],
  modelDigest: string,
  encoder: EncoderPort,
  deadline: Deadline,
): Promise<EncodedBatch> {
  const texts = documents.map(({ title, text }) => ({ title, text }))
  let unreachable = 0
  for (let attempt = 0; ; attempt++) {
    deadline.check('encoding documents')
    try {
      const callDeadline = Deadline.after(Math.min(callMsMax, deadline.remainingMs), { signal: deadline.signal })
      const encoded = await encoder.encodeDocuments({ modelDigest, documents: texts }, callDeadline)
      return { ...checkShape(encoded, documents.length), documents }
    } catch (error) {
      unreachable = isCode(error, 'unavailable') ? unreachable + 1 : 0
      const again = isCode(error, 'overloaded') || (unreachable > 0 && unreachable < unreachableMax)
      if (!again) throw error
      await pauseWithin(pauseMs(attempt), deadline, 'waiting for the encoder')
    }
  }
}

function checkShape(encoded: EncodedDocuments, documents: number): EncodedDocuments {
  const { vectors, vectorWidth } = encoded
  if (vectors.length === documents * vectorWidth) return encoded
  const message = `the encoder gave ${vectors.length} numbers for ${documents} vectors of width ${vectorWidth}`
  throw new HypershardError('internal', message)
}

function pauseMs(attempt: number): number {
  const full = Math.min(pauseMsMax, pauseMsMin * 2 ** attempt)
  return full * (0.5 + Math.random() / 2)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof HypershardError && error.code === code
}
