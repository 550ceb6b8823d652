import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import fastifyCors from '@fastify/cors'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import {
  Deadline,
  HypershardError,
  messageOf,
  RequestContext,
  requestIdOf,
  type Telemetry,
  type WatchedCertificates,
} from '@hypershard/common'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, type RequestPayload } from 'fastify'
import { type AuditTrail, notAudited } from '../../access/audit-trail.ts'
import { type Caller, factsOf } from '../../access/caller.ts'
import type { Door } from '../../access/door.ts'
import type { Coordinator } from '../../coordinator.ts'
import { checkRequest } from '../check-request.ts'
import { requestBytesMax } from '../request-bytes-max.ts'
import { beginTrace, routeOf } from './begin-trace.ts'
import { buildOpenApi } from './build-openapi.ts'
import { readConsoleFiles } from './console-files.ts'
import { acceptedEncodings, decodeBody } from './decode-body.ts'
import { HttpMeter } from './http-meter.ts'
import { parseJsonBody } from './parse-json-body.ts'
import { challenge, problemContentType, problemOf, retryAfterOf, toProblemError } from './problem.ts'
import { publicRoutes } from './public-routes.ts'
import { boundSlowBodies, createPublicServer, refuseGarbage, usualBounds } from './public-server.ts'
import { type Route, type RouteAnswer, streamTypes } from './route.ts'
import { version } from './routes/cluster-routes.ts'
import { addSecurityHeaders, strictDocsPolicy } from './security-headers.ts'
import { serveConsole } from './serve-console.ts'

export interface HttpServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string
  /** Origins whose pages may call the API from a browser, `*` for any; undefined for none. */
  readonly corsOrigins: readonly string[] | undefined
  /** Where the files of the console lie; without them it is not served. */
  readonly consoleDirectory: string
  /** With them it is HTTPS. */
  readonly certificates?: WatchedCertificates | undefined
  readonly putTimeoutMs: number
  /** How long requests under way may take to end when the server stops. */
  readonly drainMs: number
  readonly telemetry: Telemetry
  readonly door: Door
  readonly audit: AuditTrail
}

export interface HttpServer {
  /** `host:port` with the port really taken. */
  readonly address: string
  stop(): Promise<void>
}

/** How long a browser remembers what an origin may do. */
const corsSecondsMax = 600

/** Longer than any index name, so that a long one is told what is wrong with it. */
const paramCharactersMax = 1_024

/**
 * Serves the public API over HTTP.
 * @throws HypershardError `address_in_use`
 */
export async function startHttpServer(coordinator: Coordinator, options: HttpServerOptions): Promise<HttpServer> {
  const routes = publicRoutes(coordinator, options)
  const app = createApp(options)
  addSecurityHeaders(app, { https: options.certificates !== undefined })
  const streams = new Set(routes.filter(route => route.body === 'ndjson').map(pathOf))
  boundSlowBodies(app, usualBounds, ({ routeOptions }) => streams.has(routeOptions.url ?? ''))
  if (options.corsOrigins !== undefined) await allowOrigins(app, options.corsOrigins)
  await serveDocument(app, buildOpenApi(routes, version))
  serveConsole(app, await readConsoleFiles(options.consoleDirectory))
  for (const route of routes) if (route.body !== 'ndjson') addRoute(app, route, options)
  await app.register(async child => {
    // Its body is read by the route itself, document by document, and has no limit.
    child.removeAllContentTypeParsers()
    const types = ['application/x-ndjson', 'application/jsonl', 'application/json']
    child.addContentTypeParser(types, (_request, body, done) => done(null, body))
    for (const route of routes) if (route.body === 'ndjson') addRoute(child, route, options)
  })
  const address = await listen(app, options.address)
  return { address, stop: () => stop(app, options.drainMs) }
}

function createApp({
  telemetry: { log, meter },
  putTimeoutMs,
  certificates,
  door,
}: HttpServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: requestBytesMax,
    routerOptions: { maxParamLength: paramCharactersMax },
    // A client that dribbles its request holds a connection no longer than the longest put may take.
    serverFactory: handler =>
      createPublicServer(handler, { certificates, requestMsMax: putTimeoutMs, log, bounds: usualBounds }),
    // What comes on a connection that is still open is answered, and the client told that it is the last answer there.
    return503OnClosing: false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    frameworkErrors: (error, _request, reply) => sendProblem(reply, toProblemError(error)),
    clientErrorHandler: (error, socket) => refuseGarbage(error, socket),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    parseJsonBody(body),
  )
  const requests = new HttpMeter(meter)
  // First, so that every answer has its id, and every request is counted, whatever becomes of it.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    requests.begin(request.method, request.routeOptions.url, reply.raw)
    done()
  })
  app.addHook('preParsing', async (request, reply, body) => decoded(request, reply, body))
  app.setErrorHandler((error, request, reply) => {
    const failure = toProblemError(error)
    door.meter.answered('http', failure)
    if (failure.code === 'internal')
      log.error({ err: error, route: routeOf(request), requestId: request.id }, 'request failed')
    sendProblem(reply, failure)
  })
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}; GET /openapi.json lists the routes`
    sendProblem(reply, new HypershardError('route_not_found', message))
  })
  return app
}

/** Before all routes, so that it holds for each of them, and for problems. Credentials stay off: there are none. */
async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  await app.register(fastifyCors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'Retry-After',
      'Accept-Encoding',
      'X-Request-Id',
      'RateLimit',
      'RateLimit-Policy',
      'WWW-Authenticate',
    ],
    maxAge: corsSecondsMax,
  })
}

/** The body without its content encoding, if it has one. The limit of plain bodies holds for what comes out. */
function decoded({ headers }: FastifyRequest, reply: FastifyReply, body: RequestPayload): RequestPayload {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  const decoding = hasBody ? decodeBody(body as Readable, headers['content-encoding']) : undefined
  if (decoding === undefined) return body
  const stream = Readable.from(decoding.chunks, { objectMode: false })
  reply.raw.once('close', () => stream.destroy())
  // Fastify compares it with Content-Length.
  return Object.defineProperty(stream, 'receivedEncodedLength', { get: decoding.encodedBytes })
}

async function serveDocument(app: FastifyInstance, document: Record<string, unknown>): Promise<void> {
  await app.register(fastifySwagger, { mode: 'static', specification: { document: document as never } })
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null },
    staticCSP: true,
    transformStaticCSP: strictDocsPolicy,
  })
  app.get('/openapi.json', async () => document)
}

function addRoute(app: FastifyInstance, route: Route, options: HttpServerOptions): void {
  const callers = new WeakMap<FastifyRequest, Caller>()
  app.route({
    method: route.method,
    url: pathOf(route),
    ...(route.bodyBytesMax !== undefined && { bodyLimit: route.bodyBytesMax }),
    // Before anything of a body is read.
    onRequest: async (request, reply) => {
      callers.set(request, await letIn(route, request, reply, options))
    },
    handler: (request, reply) => answerRequest(route, { request, reply, caller: callers.get(request)! }, options),
  })
}

/** As fastify writes paths. */
function pathOf({ path }: Route): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

async function letIn(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  { door, audit }: HttpServerOptions,
): Promise<Caller> {
  // Of two, others on the way may have believed the other one.
  const sent = request.raw.headersDistinct.authorization ?? []
  const authorization = sent.length > 1 ? '' : sent[0]
  const params = request.params as Readonly<Record<string, string>>
  const caller = door.identify(route, { authorization, address: request.ip })
  try {
    door.admit(route, caller, params.index)
  } catch (error) {
    if (isAudited(route)) await audit.refused({ caller, request: request.id, what: route.id, subject: params }, error)
    throw error
  } finally {
    reply.headers(door.limitFieldsOf(caller))
  }
  return caller
}

/** What changes something. */
function isAudited({ scope, method }: Route): boolean {
  return scope === 'write' || (scope === 'admin' && method !== 'GET')
}

/** What a request is about, for the audit log: names, how far it goes, and no documents. */
function subjectOf(route: Route, { params, query, body }: { params: object; query: object; body: unknown }) {
  const { name, actions } = (body ?? {}) as { readonly name?: unknown; readonly actions?: unknown }
  const how = route.scope === 'admin' ? query : {}
  return { ...params, ...how, ...(name !== undefined && { name }), ...(actions !== undefined && { actions }) }
}

interface Received {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly caller: Caller
}

async function answerRequest(
  route: Route,
  { request, reply, caller }: Received,
  { telemetry: { log, tracer }, audit, door }: HttpServerOptions,
): Promise<FastifyReply> {
  const params = checkRequest(route.params, request.params, 'path')
  const query = checkRequest(route.query, request.query, 'query string')
  const checkedBody = typeof route.body === 'object' ? checkRequest(route.body, request.body, 'body') : undefined
  const timeoutMs = typeof route.timeoutMs === 'number' ? route.timeoutMs : route.timeoutMs(checkedBody)
  const trace = beginTrace(tracer, request, reply)
  const facts = { route: routeOf(request), requestId: request.id, traceId: trace.traceId || undefined }
  const context = new RequestContext({
    deadline: Deadline.after(timeoutMs, { signal: clientGone(reply) }),
    log: log.child({ ...facts, ...factsOf(caller) }),
    requestId: request.id,
    trace,
    principal: caller,
  })
  const stream = request.body instanceof Readable ? request.body : request.raw
  const subject = subjectOf(route, { params, query, body: checkedBody })
  const audited = isAudited(route)
    ? audit.request({ caller, request: request.id, what: route.id, subject })
    : notAudited
  const checked = { params, query, body: checkedBody, stream, headers: request.headers, caller, audited, context }
  const work = async () => route.handle(checked as never)
  const answer = await (route.scope === 'admin' ? audited.run(work) : work())
  const { index } = params as { readonly index?: string }
  const admitted = { rule: route, caller, index }
  const { events } = answer
  // They go on for long after the request was let in.
  const kept = events === undefined ? answer : { ...answer, events: door.whileAdmitted(events, admitted) }
  return sendAnswer(reply, kept, route)
}

function sendAnswer(reply: FastifyReply, answer: RouteAnswer, route: Route): FastifyReply {
  const { status, json } = answer
  for (const kind of ['events', 'ndjson'] as const) {
    const stream = answer[kind]
    if (stream === undefined) continue
    assert(route.answer.stream === kind, `${route.id} answers with ${kind}, and does not say so in its document`)
    if (kind === 'events') reply.header('cache-control', 'no-cache')
    return reply.code(status).type(streamTypes[kind].type).send(Readable.from(stream))
  }
  return json === undefined ? reply.code(status).send() : reply.code(status).send(json)
}

function sendProblem(reply: FastifyReply, error: HypershardError): void {
  const requestId = reply.request.id
  reply.header('x-request-id', requestId)
  const waitSeconds = retryAfterOf(error)
  if (waitSeconds !== undefined) reply.header('retry-after', waitSeconds)
  if (error.code === 'unauthenticated') reply.header('www-authenticate', challenge)
  if (error.code === 'unsupported_encoding') reply.header('accept-encoding', acceptedEncodings)
  const problem = problemOf(error, requestId)
  // As bytes, since fastify would call a string's content type text.
  reply
    .code(problem.status)
    .type(problemContentType)
    .send(Buffer.from(JSON.stringify(problem)))
}

/** Fires when the connection closes before the answer is out. */
function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}

async function listen(app: FastifyInstance, address: string): Promise<string> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon)
  try {
    await app.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) })
  } catch (error) {
    const message = `cannot listen on ${address}: ${messageOf(error)}; free the port or choose another`
    throw new HypershardError('address_in_use', message, { details: { address }, cause: error })
  }
  return `${host}:${(app.server.address() as AddressInfo).port}`
}

async function stop(app: FastifyInstance, drainMs: number): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), drainMs)
  await app.close().finally(() => clearTimeout(cutOff))
}
