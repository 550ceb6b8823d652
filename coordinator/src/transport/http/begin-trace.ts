import { HypershardError, noSpan, type Span, type Tracer } from '@hypershard/common'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Of the answer, from this status on the server has failed. */
const failedFrom = 500

/** Probes and the pages that describe the API are not worth a trace. */
const traced = /^\/v1\//

/** The span of a request, which goes on with the caller's trace if it sends one. It ends when the answer is out. */
export function beginTrace(tracer: Tracer, request: FastifyRequest, reply: FastifyReply): Span {
  const route = request.routeOptions.url
  if (route === undefined || !traced.test(route)) return noSpan
  const { traceparent, tracestate } = request.headers
  const span = tracer.start(routeOf(request), {
    parent: single(traceparent),
    state: single(tracestate),
    kind: 'server',
  })
  if (!span.recording) return span
  span.set({ 'http.request.method': request.method, 'http.route': route, 'hypershard.request_id': request.id })
  reply.raw.once('close', () => {
    const { statusCode, writableFinished } = reply.raw
    if (writableFinished) span.set({ 'http.response.status_code': statusCode })
    else span.fail(new HypershardError('cancelled', 'the caller went away before the answer was out'))
    if (writableFinished && statusCode >= failedFrom) span.fail(failureOf(statusCode))
    span.end()
  })
  return span
}

/** As it is declared, without what stands in its parameters. */
export function routeOf({ method, routeOptions, url }: FastifyRequest): string {
  return `${method} ${routeOptions.url ?? url}`
}

/** Its reason stands in the span of the step that failed. */
function failureOf(statusCode: number): HypershardError {
  return new HypershardError('unavailable', `answered with status ${statusCode}`)
}

/** A header that is given more than once says nothing. */
function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
