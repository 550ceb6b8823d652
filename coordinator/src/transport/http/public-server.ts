import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Certificates, Logger, WatchedCertificates } from '@hypershard/common'
import { HypershardError, handshakeMsMax, messageOf, requestIdOf } from '@hypershard/common'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problemContentType, problemOf } from './problem.ts'

/** All header lines of a request together; Node refuses what is beyond. */
const headerBytesMax = 16 * 1024

/** How long clients may take, and how many may come. */
export interface ConnectionBounds {
  /** For a TLS handshake, before any header line. */
  readonly handshakeMsMax: number
  /** A client that has not sent its header lines by then is cut off. */
  readonly headersMsMax: number
  /** How often that is looked at, and whether a whole request has arrived in time. */
  readonly timeoutsLookedAtMs: number
  /** A connection that no request runs on is closed after this; longer than the usual proxy keeps one, so that it closes first. */
  readonly idleMsMax: number
  /** For so much longer than it says: a request may be on its way. */
  readonly idleExtraMs: number
  /** Connections at a time; the next are closed as they come. */
  readonly connectionsMax: number
  /** How long a body may send nothing while it is waited for: as long as the command line waits for a sign of life. */
  readonly bodySilenceMsMax: number
  /** For the whole body of a request that is no stream of documents: 1 MiB. */
  readonly jsonBodyMsMax: number
}

export const usualBounds: ConnectionBounds = Object.freeze({
  handshakeMsMax,
  headersMsMax: 10_000,
  timeoutsLookedAtMs: 2_000,
  idleMsMax: 72_000,
  idleExtraMs: 1_000,
  connectionsMax: 4_096,
  bodySilenceMsMax: 120_000,
  jsonBodyMsMax: 60_000,
})

/** At most one line a minute of what clients do wrong on connections. */
const tellEveryMs = 60_000

export interface PublicServerOptions {
  /** With them it is HTTPS. */
  readonly certificates: WatchedCertificates | undefined
  /** For one request to arrive, documents and all. */
  readonly requestMsMax: number
  readonly log: Logger
  readonly bounds: ConnectionBounds
}

/** A server of the public API that bounds what a client can make it hold. */
export function createPublicServer(answer: RequestListener, options: PublicServerOptions): Server {
  const { certificates, log, bounds } = options
  const handler: RequestListener = (request, response) => {
    const { socket, headers, httpVersion } = request
    // What comes behind a request that was refused is none.
    if (!socket.writable) return
    // Whoever breaks off at once has no address any more: nobody could say who asked, and nobody waits for the answer.
    if (socket.remoteAddress === undefined) return void socket.destroy()
    if (headers.host !== undefined || httpVersion === '1.0') answer(request, response)
    else refuseGarbage(new HypershardError('invalid_request', 'it has no Host; send one'), socket)
  }
  const settings: ServerOptions = {
    maxHeaderSize: headerBytesMax,
    // Node refuses one that is longer than the other.
    headersTimeout: Math.min(bounds.headersMsMax, options.requestMsMax),
    requestTimeout: options.requestMsMax,
    connectionsCheckingInterval: bounds.timeoutsLookedAtMs,
    keepAliveTimeout: bounds.idleMsMax,
    keepAliveTimeoutBuffer: bounds.idleExtraMs,
    insecureHTTPParser: false,
    // Checked below: Node answers such a request, and then runs what came behind it.
    requireHostHeader: false,
  }
  const server =
    certificates === undefined
      ? createServer(settings, handler)
      : secure(handler, settings, { ...options, certificates })
  const { connectionsMax } = bounds
  server.maxConnections = connectionsMax
  const tell = atMostOnceAMinute(log)
  server.on('drop', () => tell({ connectionsMax }, 'connections are closed as they come: there are too many'))
  return server
}

function secure(
  handler: RequestListener,
  settings: ServerOptions,
  { certificates, log, bounds }: PublicServerOptions & { readonly certificates: WatchedCertificates },
): Server {
  const handshakeTimeout = bounds.handshakeMsMax
  const server = createTlsServer({ ...settings, handshakeTimeout, ...contextOf(certificates.current) }, handler)
  const end = certificates.listen(next => server.setSecureContext(contextOf(next)))
  server.on('close', end)
  const tell = atMostOnceAMinute(log)
  server.on('tlsClientError', (error: Error & { code?: string }, socket: Socket) => {
    // Nothing can be said to it, and whatever is said waits for the handshake.
    if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') socket.destroy()
    if (error.code !== 'ERR_SSL_HTTP_REQUEST') return
    tell({ advice: 'call https://' }, 'a client speaks plain HTTP to the HTTPS port')
  })
  return server
}

/** TLS 1.2 is the oldest that is not broken. */
function contextOf({ certificate, key }: Certificates) {
  return { cert: certificate, key, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const
}

/** Cuts off clients that open a request and do not go on with it. @param isStream whether its body may go on for hours */
export function boundSlowBodies(
  app: FastifyInstance,
  { bodySilenceMsMax, jsonBodyMsMax }: Pick<ConnectionBounds, 'bodySilenceMsMax' | 'jsonBodyMsMax'>,
  isStream: (request: FastifyRequest) => boolean,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (raw.headers['transfer-encoding'] === undefined && Number(raw.headers['content-length'] ?? 0) === 0)
      return done()
    // Whatever has come and was not read yet waits for this process, not for the client.
    raw.setTimeout(bodySilenceMsMax, () => raw.readableLength === 0 && raw.destroy())
    raw.once('end', () => raw.setTimeout(0))
    // Once the body is here it may take as long as it takes: Node would end the connection.
    reply.raw.on('timeout', () => undefined)
    if (!isStream(request)) {
      const late = setTimeout(() => raw.destroy(), jsonBodyMsMax).unref()
      raw.once('close', () => clearTimeout(late)).once('end', () => clearTimeout(late))
    }
    done()
  })
}

/** What is not even HTTP is answered by hand: there is no request that fastify could answer. */
export function refuseGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const requestId = requestIdOf(undefined)
  const problem = problemOf(garbageProblem(error), requestId)
  const body = JSON.stringify(problem)
  const type = `content-type: ${problemContentType}\r\nx-request-id: ${requestId}`
  const head = `${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${head}\r\n\r\n${body}`)
}

function garbageProblem(error: Error & { code?: string }): HypershardError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HypershardError('request_too_large', `the header lines are over ${headerBytesMax} bytes; send fewer`)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HypershardError('invalid_request', 'the request took too long to arrive; send it in one go')
    default:
      return new HypershardError('invalid_request', `not HTTP: ${messageOf(error)}`)
  }
}

function atMostOnceAMinute(log: Logger): (facts: object, event: string) => void {
  let toldMs = Number.NEGATIVE_INFINITY
  return (facts, event) => {
    if (performance.now() - toldMs < tellEveryMs) return
    toldMs = performance.now()
    log.warn(facts, event)
  }
}
