import { type Deadline, HypershardError, pauseWithin, type RequestContext } from '@hypershard/common'
import type { Manifest, Passage } from '@hypershard/storage'
import type { EncodedDocuments, EncoderPort } from '../ports.ts'
import { encodeOneByOne } from './encode-one-by-one.ts'
import { costOf } from './encode-pace.ts'
import { encodePassages } from './encode-passages.ts'
import type { EncodedBatch, Text } from './encoded-batch.ts'

export interface EncodeParts {
  readonly encoder: EncoderPort
  /** Resolves when so many documents may be encoded. */
  readonly throttle?: (documents: number, deadline: Deadline) => Promise<void>
  /** What one call may cost, by `costOf`: short ones let others' documents in between. */
  readonly callCost?: () => number
}

export interface EncodeOptions<Document> {
  /** Documents of two groups are never in one call. */
  readonly groupOf?: (document: Document) => number
  /** How long texts are cut; undefined gives each document one vector. */
  readonly passages?: Manifest['passages']
}

/** A document that was encoded; with its passages, where texts are cut. */
export type WithPassages<Document> = Document & { readonly passages?: readonly Passage[] }

/** Enough to fill the encoder's batches; 4 MiB of text stays far below the largest message. */
const batchDocumentsMax = 64
const batchCharactersMax = 1024 * 1024

/** One call is encoded while the next ones are on their way and the one before is written: so many for each encoder. */
const callsOfEncoder = 3
const callsInFlightMax = 48

/** Calls whose turn has not come, done or not: where one encoder is slower than others, these go on meanwhile. */
const callsAheadMax = 4

/** Pauses before trying again: doubled each time, with jitter. */
const pauseMsMin = 50
const pauseMsMax = 5_000

/** How often a call may find the encoder unreachable in a row: with the pauses, about 20 seconds. */
const unreachableMax = 10

/** Of one call, which an encoder on a busy CPU may take long for. */
const callMsMax = 120_000

/**
 * Encodes documents in batches, several calls in flight, and yields them in their order. An encoder that says it is
 * overloaded is given time for as long as the deadline lasts; one that cannot be reached, for some seconds. When the
 * encoder refuses a batch for a document of it, the others are encoded without that one.
 * @throws HypershardError of the encoder when it is no single document's fault, `deadline_exceeded`, `cancelled`
 */
export async function* encodeDocuments<Document extends Text>(
  documents: Iterable<Document> | AsyncIterable<Document>,
  modelDigest: string,
  parts: EncodeParts,
  context: RequestContext,
  { groupOf = () => 0, passages }: EncodeOptions<Document> = {},
): AsyncGenerator<EncodedBatch<WithPassages<Document>>> {
  const abandon = new AbortController()
  const calls: StartedCall<EncodedBatch<WithPassages<Document>>>[] = []
  const running = new Set<Promise<void>>()
  try {
    for await (const batch of batchesOf(documents, groupOf, parts.callCost)) {
      const callContext = context.withSignal(abandon.signal)
      await parts.throttle?.(batch.length, callContext.deadline)
      const encoding = encodeBatch(batch, { modelDigest, passages, encoder: parts.encoder }, callContext)
      calls.push(started(encoding, running))
      const callsMax = Math.min(callsInFlightMax, callsOfEncoder * parts.encoder.encodersOf(modelDigest))
      while (running.size >= callsMax) await Promise.race(running)
      while (calls[0]?.ended || calls.length >= callsAheadMax * callsMax) yield await calls.shift()!.result
    }
    for (const { result } of calls) yield await result
  } finally {
    abandon.abort()
  }
}

interface StartedCall<Result> {
  readonly result: Promise<Result>
  ended: boolean
}

/**
 * A call that is awaited when its turn comes. Until then, or if an earlier one fails first, its failure must not count as
 * unhandled.
 * @param running has it until it ends
 */
function started<Result>(result: Promise<Result>, running: Set<Promise<void>>): StartedCall<Result> {
  const call = { result, ended: false }
  const end = () => {
    call.ended = true
    running.delete(ending)
  }
  const ending: Promise<void> = result.then(end, end)
  running.add(ending)
  return call
}

async function* batchesOf<Document extends Text>(
  documents: Iterable<Document> | AsyncIterable<Document>,
  groupOf: (document: Document) => number,
  callCost: () => number = () => Number.POSITIVE_INFINITY,
): AsyncGenerator<Document[]> {
  let batch: Document[] = []
  let characters = 0
  let cost = 0
  for await (const document of documents) {
    const own = document.title.length + document.text.length
    const isFull = batch.length === batchDocumentsMax || characters + own > batchCharactersMax
    const isOther = batch.length > 0 && groupOf(batch[0]!) !== groupOf(document)
    if (batch.length > 0 && (isFull || isOther || cost + costOf(document) > callCost())) {
      yield batch
      batch = []
      characters = 0
      cost = 0
    }
    batch.push(document)
    characters += own
    cost += costOf(document)
  }
  if (batch.length > 0) yield batch
}

interface BatchParts {
  readonly modelDigest: string
  readonly passages: Manifest['passages']
  readonly encoder: EncoderPort
}

async function encodeBatch<Document extends Text>(
  documents: readonly Document[],
  { modelDigest, passages, encoder }: BatchParts,
  context: RequestContext,
): Promise<EncodedBatch<WithPassages<Document>>> {
  const call = (texts: readonly Text[]) =>
    callPatiently(context, async inner => {
      const own = texts.map(({ title, text }) => ({ title, text }))
      return checkShape(await encoder.encodeDocuments({ modelDigest, documents: own }, inner), texts.length)
    })
  if (passages === undefined) return encodeOneByOne(documents, call)
  const own = documents.map(({ title, text }) => ({ title, text }))
  const cut = { modelDigest, documents: own, overlap: passages.overlap }
  const cuts = await callPatiently(context, inner => encoder.cutDocuments(cut, inner))
  return encodePassages(documents, cuts, texts => encodeOneByOne(texts, call))
}

/** One call, tried again while the encoder is overloaded or cannot be reached. */
async function callPatiently<Answer>(
  context: RequestContext,
  call: (context: RequestContext) => Promise<Answer>,
): Promise<Answer> {
  const { deadline } = context
  let unreachable = 0
  for (let attempt = 0; ; attempt++) {
    deadline.check('encoding documents')
    try {
      return await call(context.within(callMsMax))
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
