import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { decodeExport } from './decode-export.ts'
import type { SeenSpan } from './seen-span.ts'

/** A collector of traces that keeps what it is sent. */
export interface OtlpReceiver {
  /** Its address without a path. */
  readonly url: string
  readonly spans: readonly SeenSpan[]
  /** How many times it was sent something. */
  readonly requests: number
  /** Of one trace. */
  spansOf(traceId: string): SeenSpan[]
  stop(): Promise<void>
}

/** @param port as it had before, for one that is back; a free one when left out */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const spans: SeenSpan[] = []
  let requests = 0
  const server = createServer(async (request, response) => {
    requests++
    const isOurs = request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf'
    const body = await buffer(request)
    if (isOurs) spans.push(...decodeExport(body))
    response.writeHead(isOurs ? 200 : 404, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get requests() {
      return requests
    },
    spansOf: traceId => spans.filter(span => span.traceId === traceId),
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
