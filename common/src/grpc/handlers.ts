import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js'
import { HypershardError } from '../errors/hypershard-error.ts'
import type { Logger } from '../logging.ts'
import { Deadline } from '../time/deadline.ts'
import { toServiceError } from './error-translation.ts'

/** A method's own work: message in, message out, inside the caller's deadline. */
export type UnaryWork<Request, Response> = (request: Request, deadline: Deadline) => Promise<Response>

/**
 * Wraps a method's work as a gRPC handler: takes the caller's deadline (a call without one is refused, since work
 * nobody bounds is never ended), ends it when the caller cancels, translates failures, logs defects.
 * @example
 * ```ts
 * const echo = unaryHandler(async ({ text }: EchoRequest, deadline) => ({ text: await slowly(text, deadline) }), log)
 * ```
 */
export function unaryHandler<Request, Response>(
  work: UnaryWork<Request, Response>,
  log: Logger,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const deadline = deadlineOfCall(call)
    const answer = deadline === undefined ? Promise.reject(noDeadline(call.getPath())) : work(call.request, deadline)
    answer.then(
      response => callback(null, response),
      error => {
        if (!(error instanceof HypershardError)) log.error({ err: error, method: call.getPath() }, 'call failed')
        callback(toServiceError(error))
      },
    )
  }
}

/** The deadline of a call and the cancellation of its caller; undefined when the caller gave none. */
export function deadlineOfCall(
  call: Pick<ServerUnaryCall<unknown, unknown>, 'getDeadline' | 'on' | 'cancelled'>,
): Deadline | undefined {
  const end = call.getDeadline()
  const endMs = end instanceof Date ? end.getTime() : end
  if (!Number.isFinite(endMs)) return undefined
  const caller = new AbortController()
  call.on('cancelled', () => caller.abort())
  return Deadline.after(endMs - Date.now(), { signal: caller.signal })
}

export function noDeadline(method: string): HypershardError {
  return new HypershardError('invalid_request', `${method}: the call has no deadline; set one`)
}
