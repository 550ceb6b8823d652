import type { Hit, SearchAnswer, SearchRequest } from '@hypershard/contract'
import { searchMsDefault } from '@hypershard/contract/limits'
import type { CallOptions, Exchange } from './exchange/exchange.ts'
import { searchSlackMs } from './limits.ts'
import { operations } from './operations.ts'

/** One page. It may take what the request's `timeout_ms` says, and a little for the way. */
export async function search(
  exchange: Exchange,
  index: string,
  request: SearchRequest,
  options: CallOptions,
): Promise<SearchAnswer> {
  const ownMs = (request.timeout_ms ?? searchMsDefault) + searchSlackMs
  const timeoutMs = options.timeoutMs ?? exchange.options.timeoutMs ?? ownMs
  const call = { path: { index }, json: request, signal: options.signal, timeoutMs }
  return (await exchange.call<SearchAnswer, string>(operations.search, call)).body
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
