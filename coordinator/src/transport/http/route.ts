import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { ErrorCode, RequestContext } from '@hypershard/common'
import { z } from 'zod'
import type { AuditedRequest } from '../../access/audit-trail.ts'
import type { Caller } from '../../access/caller.ts'
import type { AccessRule } from '../../access/door.ts'

/** What a route's own work is given: everything checked; the client going away ends the context. */
export interface RouteRequest<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** The body of a route that takes NDJSON, no longer compressed. */
  readonly stream: Readable
  readonly headers: IncomingHttpHeaders
  /** Who asks; he was let in. */
  readonly caller: Caller
  /** Of a route with the scope `write`, which has its own moment for it: notes the work in the audit log. */
  readonly audited: AuditedRequest
  readonly context: RequestContext
}

/** What a route answers: a JSON value, a stream of NDJSON lines or server-sent events, or nothing. */
export interface RouteAnswer {
  readonly status: number
  readonly json?: unknown
  readonly ndjson?: AsyncIterable<string>
  readonly events?: AsyncIterable<string>
}

/** Answers that come bit by bit, and what each is: documented, and refused of a route that does not declare it. */
export const streamTypes = {
  ndjson: { type: 'application/x-ndjson', is: 'One JSON object a line.' },
  events: { type: 'text/event-stream', is: 'Server-sent events, each with JSON.' },
} as const

export interface DocumentedAnswer {
  readonly status: number
  readonly description: string
  /** Of its JSON; none for an empty answer. */
  readonly schema?: z.ZodType
  /** What it may be instead of JSON. */
  readonly stream?: keyof typeof streamTypes
}

/**
 * One route of the public API: what it takes and gives, and its work. The same schemas check requests and make the
 * OpenAPI document, so the document cannot tell otherwise than the server does.
 */
export interface Route extends AccessRule {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As OpenAPI has it: `/v1/indexes/{index}`. */
  readonly path: string
  /** `operationId`, and the group it stands in. */
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly body: z.ZodType | 'ndjson' | undefined
  /** The longest body; `requestBytesMax` if left out. */
  readonly bodyBytesMax?: number
  readonly answer: DocumentedAnswer
  /** Failures of its own; those that any route may meet are documented for all. */
  readonly errors: readonly ErrorCode[]
  /** Time for everything; a function when the request itself says how much. */
  readonly timeoutMs: number | ((body: unknown) => number)
  readonly handle: (request: RouteRequest<never, never, never>) => Promise<RouteAnswer> | RouteAnswer
}

const nothing = z.strictObject({})

/** Time for requests that neither search nor put documents. */
const adminMsMax = 30_000

type RouteDefaults = 'params' | 'query' | 'body' | 'errors' | 'timeoutMs'

interface TypedRoute<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType>
  extends Omit<Route, RouteDefaults | 'handle'> {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body | 'ndjson'
  readonly errors?: Route['errors']
  readonly timeoutMs?: number | ((body: z.output<Body>) => number)
  readonly handle: (
    request: RouteRequest<z.output<Params>, z.output<Query>, z.output<Body>>,
  ) => Promise<RouteAnswer> | RouteAnswer
}

/** Lets a route's work be typed by its schemas. What is left out takes nothing, and 30 seconds. */
export function defineRoute<
  Params extends z.ZodObject = typeof nothing,
  Query extends z.ZodObject = typeof nothing,
  Body extends z.ZodType = z.ZodUndefined,
>(route: TypedRoute<Params, Query, Body>): Route {
  const defaults = { params: nothing, query: nothing, body: undefined, errors: [], timeoutMs: adminMsMax }
  return { ...defaults, ...route } as Route
}
