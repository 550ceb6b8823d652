import { messageOf, NotReachable } from './errors.ts'
import type { Transport } from './ports.ts'

/**
 * `fetch`, which browsers have. A browser sends a stream as a body over HTTP/2 alone, and some do not at all:
 * `putBatches` needs no such stream. In Node, `fetch` ends any exchange whose answer takes 300 s;
 * `@hypershard/client/node` does not.
 */
export const fetchTransport: Transport = async ({ url, method, headers, body, signal }) => {
  const init = { method, headers, signal, redirect: 'error' as const }
  const sent = body === undefined ? {} : bodyOf(body)
  const response = await fetch(url, { ...init, ...sent }).catch(error => {
    if (signal.aborted) throw error
    throw new NotReachable('unavailable', `cannot reach ${url.origin}: ${reasonOf(error)}`, error)
  })
  return {
    status: response.status,
    header: name => response.headers.get(name) ?? undefined,
    chunks: response.body === null ? none() : readStream(response.body),
  }
}

function bodyOf(body: Uint8Array | AsyncIterable<Uint8Array>): RequestInit {
  if (body instanceof Uint8Array) return { body: body as Uint8Array<ArrayBuffer> }
  // A stream goes out only where the answer is not read before its end.
  return { body: toStream(body), duplex: 'half' } as RequestInit
}

/** Reads the source when the connection takes more, and not before. */
function toStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** By its reader: not every browser can iterate over a stream. */
async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  let ended = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ended = done
      if (done) return
      yield value
    }
  } finally {
    // Whoever stops in the middle wants no more of it. A stream that broke has nothing to be told.
    if (!ended) await reader.cancel().catch(() => undefined)
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown }
  return messageOf(cause ?? error)
}
