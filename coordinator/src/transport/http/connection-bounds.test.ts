import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { silentLogger, WatchedCertificates } from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { TestCertificates } from '@hypershard/harness/certificates'
import { type FastifyInstance, fastify } from 'fastify'
import {
  boundSlowBodies,
  type ConnectionBounds,
  createPublicServer,
  refuseGarbage,
  usualBounds,
} from './public-server.ts'

const soonMs = 40
const never = 600_000

/** Long before a test that hangs is ended: what is not closed by then is not going to be. */
const closedMsMax = 15_000

/** Bounds that nothing comes to, so that a test sees the one that it shortens. */
const wide: ConnectionBounds = {
  handshakeMsMax: never,
  headersMsMax: never,
  timeoutsLookedAtMs: 10,
  idleMsMax: never,
  idleExtraMs: 0,
  connectionsMax: 100,
  bodySilenceMsMax: never,
  jsonBodyMsMax: never,
}

describe('the bounds of a connection', () => {
  const captured = captureLog()
  let app: FastifyInstance | undefined
  let certificates: WatchedCertificates | undefined
  const sockets: Socket[] = []

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    app?.server.closeAllConnections()
    await app?.close()
    certificates?.close()
    certificates = undefined
    captured.lines.length = 0
  })

  async function start(own: Partial<ConnectionBounds>, requestMsMax = never): Promise<void> {
    const bounds = { ...wide, ...own }
    const { log } = captured
    app = fastify({
      serverFactory: handler => createPublicServer(handler, { certificates, requestMsMax, log, bounds }),
      clientErrorHandler: (error, socket) => refuseGarbage(error, socket),
    })
    boundSlowBodies(app, bounds, ({ url }) => url === '/stream')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    app.get('/', async () => 'here')
    app.post('/body', async ({ body }) => body)
    await app.register(async child => {
      child.removeAllContentTypeParsers()
      child.addContentTypeParser('text/plain', (_request, body, done) => done(null, body))
      child.post('/stream', async ({ body }) => text(body as never))
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
  }

  async function open(bytes = ''): Promise<Socket> {
    const socket = connect((app!.server.address() as AddressInfo).port, '127.0.0.1')
    sockets.push(socket)
    // A connection that is refused may be reset.
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.setEncoding('latin1').write(bytes)
    return socket
  }

  /** All that comes until the server closes the connection, which the test waits for. */
  async function untilClosed(socket: Socket): Promise<string> {
    let received = ''
    socket.on('data', chunk => {
      received += chunk
    })
    if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(closedMsMax) })
    return received
  }

  const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
  const begun = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab`

  it('cut off who begins no TLS handshake at the HTTPS port', async () => {
    const made = await TestCertificates.make()
    try {
      const { certificate, key } = await made.write('public')
      const files = { certificate: { name: 'CERT', path: certificate }, key: { name: 'KEY', path: key } }
      certificates = await WatchedCertificates.open(files, silentLogger())
      await start({ handshakeMsMax: soonMs })
      assert.equal(await untilClosed(await open()), '')
    } finally {
      await made.remove()
    }
  })

  it('cut off who does not send all header lines in time, and say why', async () => {
    await start({ headersMsMax: soonMs })
    const answer = await untilClosed(await open('GET / HTTP/1.1\r\nHost: x\r\n'))
    assert.match(answer, /^HTTP\/1\.1 400 .*"detail":"the request took too long to arrive/s)
  })

  it('cut off who does not send a whole request in time, documents and all', async () => {
    await start({}, soonMs)
    await untilClosed(await open(begun('/stream')))
  })

  for (const path of ['/body', '/stream']) {
    it(`cut off a body that is silent while it is waited for, at ${path}`, async () => {
      await start({ bodySilenceMsMax: soonMs })
      assert.equal(await untilClosed(await open(begun(path))), '')
    })
  }

  it('cut off a body that takes too long as a whole, unless it is a stream', async () => {
    await start({ jsonBodyMsMax: soonMs })
    const stream = await open(begun('/stream'))
    assert.equal(await untilClosed(await open(begun('/body'))), '')
    stream.end('cd')
    assert.match(await untilClosed(stream), /^HTTP\/1\.1 200 .*abcd$/s)
  })

  it('close a connection that no request runs on', async () => {
    await start({ idleMsMax: soonMs })
    assert.match(await untilClosed(await open(get)), /^HTTP\/1\.1 200 .*here$/s)
  })

  it('close connections beyond their number as they come, and say so once', async () => {
    await start({ connectionsMax: 2 })
    const kept = [await open(get), await open(get)]
    await Promise.all(kept.map(socket => once(socket, 'data')))
    for (let at = 0; at < 3; at++) assert.equal(await untilClosed(await open(get)), '')
    assert.equal(captured.lines.length, 1)
    assert.equal(captured.lines[0]!.connectionsMax, 2)
  })

  it('are as the documentation has them', () => {
    assert.deepEqual(usualBounds, {
      handshakeMsMax: 10_000,
      headersMsMax: 10_000,
      timeoutsLookedAtMs: 2_000,
      idleMsMax: 72_000,
      idleExtraMs: 1_000,
      connectionsMax: 4_096,
      bodySilenceMsMax: 120_000,
      jsonBodyMsMax: 60_000,
    })
  })
})
