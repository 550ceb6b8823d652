import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js'
import { HypershardError } from '../errors/hypershard-error.ts'
import type { Logger } from '../logging.ts'
import { RequestContext } from '../request-context.ts'
import { Deadline } from '../time/deadline.ts'
import { toServiceError } from './error-translation.ts'

/** A method's own work: message in, message out, inside the caller's deadline. */
export type UnaryWork<Request, Response> = (request: Request, context: RequestContext) => Promise<Response>

/** Of every kind of call. */
interface CancellableCall {
  on(event: 'cancelled', listener: () => void): unknown
}

/**
 * Wraps a method's work as a gRPC handler: makes the call's context, translates failures, logs defects.
 * @example
 * ```ts
 * const echo = unaryHandler(async ({ text }: EchoRequest, context) => ({ text: await slowly(text, context) }), log)
 * ```
 */
export function unaryHandler<Request, Response>(
  work: UnaryWork<Request, Response>,
  log: Logger,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answer = (async () => work(call.request, contextOfCall(call, log)))()
    answer.then(
      response => callback(null, response),
      error => {
        if (!(error instanceof HypershardError)) log.error({ err: error, method: call.getPath() }, 'call failed')
        callback(toServiceError(error))
      },
    )
  }
}

const callEnded = 'the call has ended'

/**
 * The context of a call: the caller's deadline, ended when the caller cancels. A call without a deadline is refused,
 * since work that nobody bounds is never ended.
 * @throws HypershardError `invalid_request`
 */
export function contextOfCall(
  call: Pick<ServerUnaryCall<unknown, unknown>, 'getDeadline' | 'getPath'> & CancellableCall,
  log: Logger,
): RequestContext {
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
  return new RequestContext({ deadline, log: log.child({ method }) })
}
