import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Takes traces as a collector does, and keeps none. */
export interface TraceSink {
  /** For HYPERSHARD_TRACE_OTLP_URL. */
  readonly url: string
  /** Bytes of traces that came until now. */
  readonly bytes: number
  stop(): Promise<void>
}

export async function startTraceSink(): Promise<TraceSink> {
  let bytes = 0
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
    })
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get bytes() {
      return bytes
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
