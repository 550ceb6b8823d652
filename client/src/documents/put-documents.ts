import type { PutAnswer, PutProgress, WaitMode } from '@hypershard/contract'
import { lineErrorsMax } from '@hypershard/contract/limits'
import type { CallOptions, Exchange } from '../exchange/exchange.ts'
import { SilenceLimit, WatchedSource } from '../exchange/watch-body.ts'
import { silenceMsDefault } from '../limits.ts'
import { operations } from '../operations.ts'
import { type BatchLimits, cutBatches, type DocumentLine } from './cut-batches.ts'
import { readPutAnswer } from './read-put-answer.ts'

export interface WriteOptions extends CallOptions {
  /** When to answer: once the write cannot be lost (`durable`, if left out), or once searches find it. */
  readonly waitFor?: WaitMode | undefined
  /** The same write with the same key is done once. */
  readonly idempotencyKey?: string | undefined
}

export interface PutOptions extends WriteOptions {
  readonly onProgress?: ((progress: PutProgress) => void) | undefined
}

export type BatchOptions = PutOptions & BatchLimits

/** What became of one batch. */
export interface BatchAnswer {
  /** The place of its first document in the source, from 1; `line` of an error counts from the source's beginning too. */
  readonly first: number
  readonly documents: number
  readonly answer: PutAnswer
}

/** What became of all batches. */
export type PutSum = Pick<PutAnswer, 'received' | 'accepted' | 'failed' | 'sequence' | 'searchable' | 'errors'>

/**
 * Sends one body, once. `timeoutMs` is how long it may go without a sign of life, in either direction.
 * @throws what reading the body threw: nothing of it was written then
 */
export async function putOnce(
  exchange: Exchange,
  index: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  { waitFor = 'durable', idempotencyKey, onProgress = () => {}, timeoutMs, signal }: PutOptions,
): Promise<PutAnswer> {
  const { options, origin } = exchange
  const silenceMsMax = timeoutMs ?? options.timeoutMs ?? silenceMsDefault
  const silence = new SilenceLimit({ silenceMsMax, origin, timeoutName: options.names.timeout, signal })
  const source = body instanceof Uint8Array ? undefined : new WatchedSource(body)
  try {
    const answer = await exchange.open(operations.putDocuments, {
      path: { index },
      query: { progress: 'true', wait_for: waitFor },
      headers: {
        'content-type': 'application/x-ndjson',
        accept: 'application/x-ndjson',
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      bytes: source === undefined ? (body as Uint8Array) : silence.watch(source.chunks()),
      signal: silence.signal,
    })
    return await readPutAnswer(silence.watch(answer), onProgress)
  } catch (error) {
    // The answer to half a body says that the connection broke; why it did is known here.
    throw source?.failure ?? error
  } finally {
    silence.end()
  }
}

/**
 * Sends documents batch by batch, each with an idempotency key of its own, so that one that may have been lost is sent
 * again. With `searchable` the last batch waits: what came before it is searchable no later.
 */
export async function* putBatches(
  exchange: Exchange,
  index: string,
  documents: Iterable<DocumentLine> | AsyncIterable<DocumentLine>,
  { waitFor, idempotencyKey = makeKey(), batchBytesMax, batchDocumentsMax, ...options }: BatchOptions,
): AsyncGenerator<BatchAnswer> {
  let number = 0
  for await (const { bytes, first, last, documents: count } of cutBatches(documents, {
    batchBytesMax,
    batchDocumentsMax,
  })) {
    number++
    const own = {
      ...options,
      waitFor: last ? waitFor : ('durable' as const),
      idempotencyKey: `${idempotencyKey}-${number}`,
    }
    const limits = { repeatable: true, signal: options.signal }
    const answer = await exchange.again(limits, () => putOnce(exchange, index, bytes, own))
    const errors = answer.errors.map(error => ({ ...error, line: error.line + first - 1 }))
    yield { first, documents: count, answer: { ...answer, errors } }
  }
}

/** All batches as if they had been one write. */
export async function sumBatches(batches: AsyncIterable<BatchAnswer>): Promise<PutSum> {
  let sum: PutSum = { received: 0, accepted: 0, failed: 0, sequence: null, searchable: false, errors: [] }
  for await (const { answer } of batches) {
    sum = {
      received: sum.received + answer.received,
      accepted: sum.accepted + answer.accepted,
      failed: sum.failed + answer.failed,
      sequence: answer.sequence ?? sum.sequence,
      searchable: answer.searchable,
      errors: [...sum.errors, ...answer.errors].slice(0, lineErrorsMax),
    }
  }
  return sum
}

/** Not `randomUUID`, which a page has over HTTPS alone. */
export function makeKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
}
