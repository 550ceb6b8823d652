import type {
  CountAnswer,
  CountRequest,
  ExplainRequest,
  Explanation,
  Hit,
  ListAnswer,
  ListedDocument,
  ListRequest,
  SearchAnswer,
  SearchBatchAnswer,
  SearchBatchRequest,
  SearchRequest,
} from '@hypershard/contract'
import { searchMsDefault } from '@hypershard/contract/limits'
import type { CallOptions, Exchange } from './exchange/exchange.ts'
import { searchSlackMs } from './limits.ts'
import { type Operation, operations } from './operations.ts'

/** One page. It may take what the request's `timeout_ms` says, and a little for the way. */
export function search(
  exchange: Exchange,
  index: string,
  request: SearchRequest,
  options: CallOptions,
): Promise<SearchAnswer> {
  return ask(exchange, operations.search, index, request, options)
}

/** Several searches in one request, each with an outcome of its own; `timeout_ms` is for all of them. */
export function searchBatch(
  exchange: Exchange,
  index: string,
  request: SearchBatchRequest,
  options: CallOptions,
): Promise<SearchBatchAnswer> {
  return ask(exchange, operations.searchBatch, index, request, options)
}

/** How one document stands for a search. */
export async function explain(
  exchange: Exchange,
  { index, id }: { readonly index: string; readonly id: string },
  request: ExplainRequest,
  options: CallOptions,
): Promise<Explanation> {
  const call = {
    path: { index, id },
    json: request,
    signal: options.signal,
    timeoutMs: timeOf(exchange, request, options),
  }
  return (await exchange.call<Explanation, string>(operations.explainDocument, call)).body
}

export function countDocuments(
  exchange: Exchange,
  index: string,
  request: CountRequest,
  options: CallOptions,
): Promise<CountAnswer> {
  return ask(exchange, operations.countDocuments, index, request, options)
}

export function listDocuments(
  exchange: Exchange,
  index: string,
  request: ListRequest,
  options: CallOptions,
): Promise<ListAnswer> {
  return ask(exchange, operations.listDocuments, index, request, options)
}

/** Document after document, over all pages. The next page is asked for when the caller wants it. */
export async function* listedDocuments(
  exchange: Exchange,
  index: string,
  request: ListRequest,
  options: CallOptions,
): AsyncGenerator<ListedDocument> {
  for (let cursor = request.cursor; ; ) {
    const page = await listDocuments(exchange, index, cursor === undefined ? request : { ...request, cursor }, options)
    yield* page.documents
    if (page.next_cursor === null) return
    cursor = page.next_cursor
  }
}

/** Page after page of one manifest version. The next is asked for when the caller wants it. */
export async function* searchPages(
  exchange: Exchange,
  index: string,
  request: SearchRequest,
  options: CallOptions,
): AsyncGenerator<SearchAnswer> {
  for (let cursor = request.cursor; ; ) {
    const answer = await search(exchange, index, cursor === undefined ? request : { ...request, cursor }, options)
    yield answer
    if (answer.next_cursor === null) return
    cursor = answer.next_cursor
  }
}

/** Hit after hit, over all pages. */
export async function* searchHits(pages: AsyncIterable<SearchAnswer>): AsyncGenerator<Hit> {
  for await (const { hits } of pages) yield* hits
}

async function ask<Answer>(
  exchange: Exchange,
  operation: Operation,
  index: string,
  request: { readonly timeout_ms?: number | undefined },
  options: CallOptions,
): Promise<Answer> {
  const call = { path: { index }, json: request, signal: options.signal, timeoutMs: timeOf(exchange, request, options) }
  return (await exchange.call<Answer, string>(operation, call)).body
}

function timeOf(
  { options: { timeoutMs } }: Exchange,
  { timeout_ms: asked = searchMsDefault }: { readonly timeout_ms?: number | undefined },
  options: CallOptions,
): number {
  return options.timeoutMs ?? timeoutMs ?? asked + searchSlackMs
}
