import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { serve, type TestServer } from '@hypershard/harness/api'
import { fetchTransport } from './fetch-transport.ts'
import { nodeTransport } from './node/connect.ts'

const chunk = Buffer.alloc(256 * 1024, 'x')
const chunksMax = 400
/** Twice what buffers of a loopback connection hold by default on Linux: 4 MiB to send, 6 MiB received. */
const heldBytesMax = 20 * 1024 * 1024

describe('a body that is a stream', () => {
  let server: TestServer
  let taken: Promise<[IncomingMessage, ServerResponse]>

  beforeEach(async () => {
    const { promise, resolve } = Promise.withResolvers<[IncomingMessage, ServerResponse]>()
    taken = promise
    server = await serve((request, response) => resolve([request, response]))
  })

  afterEach(() => server.close())

  const transports = [
    { kind: 'fetch', transport: fetchTransport },
    { kind: "Node's HTTP", transport: nodeTransport(undefined) },
  ]
  for (const { kind, transport } of transports) {
    it(`is read by ${kind} no further than the other side takes it`, async () => {
      let produced = 0
      let received = 0
      let most = 0
      async function* body() {
        for (let number = 0; number < chunksMax; number++) {
          produced += chunk.length
          most = Math.max(most, produced - received)
          yield chunk
        }
      }
      const signal = AbortSignal.timeout(60_000)
      const url = new URL(server.url)
      const exchange = transport({ url, method: 'PUT', headers: {}, body: body(), signal })
      const [request, response] = await taken
      request.on('data', bytes => {
        received += bytes.length
        // As slow as can be without a clock: the other side runs as far as it will between two chunks.
        request.pause()
        setImmediate(() => setImmediate(() => request.resume()))
      })
      await once(request, 'end')
      response.end('{}')
      assert.equal((await exchange).status, 200)
      assert.equal(received, chunk.length * chunksMax)
      assert.ok(most <= heldBytesMax, `${most} bytes were read ahead`)
    })
  }
})
