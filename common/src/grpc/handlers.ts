import { type handleUnaryCall, Metadata, type ServerUnaryCall } from '@grpc/grpc-js'
import { HypershardError } from '../errors/hypershard-error.ts'
import type { Logger } from '../logging.ts'
import { RequestContext } from '../request-context.ts'
import { isRequestId, requestIdOf } from '../request-id.ts'
import { noSpan, type Span, type Tracer } from '../telemetry/tracing.ts'
import { Deadline } from '../time/deadline.ts'
import { toServiceError } from './error-translation.ts'
import { requestIdHeader, traceparentHeader, tracestateHeader } from './request-metadata.ts'

/** A method's own work: message in, message out, inside the caller's deadline. */
export type UnaryWork<Request, Response> = (request: Request, context: RequestContext) => Promise<Response>

/** How the calls of a server are seen. */
export interface Door {
  readonly log: Logger
  /** Traces nothing when left out. */
  readonly tracer?: Tracer
  /** Whether requests begin here: a call without a request id or a trace gets one. Others only go on with theirs. */
  readonly isPublic?: boolean
}

/** Of every kind of call. */
export interface IncomingCall
  extends Pick<ServerUnaryCall<unknown, unknown>, 'getDeadline' | 'getPath' | 'metadata' | 'sendMetadata'> {
  on(event: 'cancelled', listener: () => void): unknown
}

/**
 * Wraps a method's work as a gRPC handler: makes the call's context, translates failures, logs defects.
 * @example
 * ```ts
 * const echo = unaryHandler(async ({ text }: EchoRequest, context) => ({ text: await slowly(text, context) }), { log })
 * ```
 */
export function unaryHandler<Request, Response>(
  work: UnaryWork<Request, Response>,
  door: Door,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    answerCall(call, door, context => work(call.request, context)).then(
      response => callback(null, response),
      error => callback(toServiceError(error)),
    )
  }
}

/** Does the work of a call of any kind in the call's context: ends its span, and logs what was no failure but a defect. */
export async function answerCall<Response>(
  call: IncomingCall,
  door: Door,
  work: (context: RequestContext) => Promise<Response>,
): Promise<Response> {
  let context: RequestContext | undefined
  try {
    context = contextOfCall(call, door)
    return await work(context)
  } catch (error) {
    context?.trace.fail(error)
    if (!(error instanceof HypershardError)) context?.log.error({ err: error }, 'call failed')
    throw error
  } finally {
    context?.trace.end()
  }
}

const callEnded = 'the call has ended'

/**
 * The context of a call: the caller's deadline, ended when the caller cancels. A call without a deadline is refused,
 * since work that nobody bounds is never ended.
 * @throws HypershardError `invalid_request`
 */
export function contextOfCall(call: IncomingCall, door: Door): RequestContext {
  const method = call.getPath()
  const end = call.getDeadline()
  const endMs = end instanceof Date ? end.getTime() : end
  if (!Number.isFinite(endMs)) {
    throw new HypershardError('invalid_request', `${method}: the call has no deadline; set one`)
  }
  const caller = new AbortController()
  // Comes at the end of every call, answered or not. A reason of its own would be an error with its stack each time.
  call.on('cancelled', () => caller.abort(callEnded))
  const deadline = Deadline.after(endMs - Date.now(), { signal: caller.signal })
  const requestId = requestIdOfCall(call, door)
  const trace = spanOfCall(call, door)
  // What is undefined stands in no line.
  const log = door.log.child({ method, requestId: requestId || undefined, traceId: trace.traceId || undefined })
  return new RequestContext({ deadline, log, requestId, trace })
}

/** Who called a public method is told the id, with the first bytes of the answer, whatever that is. */
function requestIdOfCall(call: IncomingCall, { isPublic = false }: Door): string {
  const given = textOf(call.metadata, requestIdHeader)
  if (!isPublic) return isRequestId(given) ? given : ''
  const requestId = requestIdOf(given)
  const answered = new Metadata()
  answered.set(requestIdHeader, requestId)
  call.sendMetadata(answered)
  return requestId
}

function spanOfCall(call: IncomingCall, { tracer, isPublic = false }: Door): Span {
  if (tracer === undefined) return noSpan
  const parent = textOf(call.metadata, traceparentHeader)
  if (parent === undefined && !isPublic) return noSpan
  const state = textOf(call.metadata, tracestateHeader)
  return tracer.start(call.getPath().slice(1), { parent, state, kind: 'server' })
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : undefined
}
