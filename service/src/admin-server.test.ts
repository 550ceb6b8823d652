import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { HypershardError } from '@hypershard/common'
import { type AdminServer, startAdminServer } from './admin-server.ts'

/** Long before a test that hangs is ended: what is not closed by then is not going to be. */
const closedMsMax = 15_000

describe('the admin listener', () => {
  let server: AdminServer
  let missing: string | undefined

  beforeEach(async () => {
    missing = undefined
    server = await startAdminServer('127.0.0.1:0', {
      requireReady: async () => {
        if (missing !== undefined) throw new HypershardError('unavailable', missing)
      },
      metrics: { contentType: 'text/plain; version=0.0.4', render: async () => 'hypershard_cups_total 3\n' },
      readTelemetry: async () => ({ metrics: 'on', trace_sample_percent: 2.5 }),
    })
  })

  afterEach(() => server.stop())

  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${server.address}${path}`, { method })
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }

  it('tells apart a process that lives and one that can do its work', async () => {
    assert.equal((await ask('/readyz')).status, 200)
    missing = 'no encoder service answers'
    assert.deepEqual(await ask('/readyz'), { status: 503, type: 'text/plain', text: 'no encoder service answers\n' })
    assert.equal((await ask('/healthz')).status, 200)
  })

  it('gives the metrics', async () => {
    const { text, type } = await ask('/metrics')
    assert.equal(text, 'hypershard_cups_total 3\n')
    assert.equal(type, 'text/plain; version=0.0.4')
  })

  it('says what is counted and traced, and changes none of it', async () => {
    const { text, type } = await ask('/telemetry')
    assert.deepEqual([type, JSON.parse(text)], ['application/json', { metrics: 'on', trace_sample_percent: 2.5 }])
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) assert.equal((await ask('/telemetry', method)).status, 405)
  })

  it('answers nothing else', async () => {
    assert.equal((await ask('/v1/indexes')).status, 404)
    assert.equal((await ask('/metrics', 'POST')).status, 405)
  })

  describe('keeps nobody who', () => {
    const bounds = { requestMsMax: 40, timeoutsLookedAtMs: 10, connectionsMax: 2 }
    const sockets: Socket[] = []
    let bounded: AdminServer

    beforeEach(async () => {
      bounded = await startAdminServer(
        '127.0.0.1:0',
        { requireReady: async () => undefined, metrics: undefined, readTelemetry: () => Promise.reject(new Error()) },
        bounds,
      )
    })

    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy()
      await bounded.stop()
    })

    async function open(bytes: string): Promise<Socket> {
      const socket = connect(Number(bounded.address.split(':')[1]), '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(bytes)
      return socket
    }

    it('takes long to send its request', async () => {
      const socket = await open('GET /healthz HTTP/1.1\r\nHost: x\r\n')
      socket.resume()
      if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(closedMsMax) })
    })

    it('comes beyond so many connections at a time', async () => {
      const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
      const kept = [await open(get), await open(get)]
      await Promise.all(kept.map(socket => once(socket, 'data')))
      const socket = await open(get)
      socket.on('data', () => assert.fail('it was answered'))
      if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(closedMsMax) })
    })
  })
})
