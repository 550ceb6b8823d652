import type { CallOptions, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js'
import { Metadata as GrpcMetadata } from '@grpc/grpc-js'
import { HypershardError } from '../errors/hypershard-error.ts'
import { RequestContext } from '../request-context.ts'
import type { Deadline } from '../time/deadline.ts'
import { fromServiceError } from './error-translation.ts'
import { requestIdHeader, traceparentHeader, tracestateHeader } from './request-metadata.ts'

/** A unary method as ts-proto's clients declare it. */
export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall

/**
 * One unary call with a deadline. The caller going away cancels it.
 * @param caller the request that it is made for, of which the server is told; its deadline alone for what is no request's
 * @param peer who is called, for messages
 * @throws HypershardError what the server answered, or `unavailable`, `deadline_exceeded`, `cancelled`
 * @example
 * ```ts
 * const { models } = await callUnary(client.listModels.bind(client), {}, deadline, 'encoder service')
 * ```
 */
export function callUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  caller: Deadline | RequestContext,
  peer: string,
): Promise<Response> {
  const [deadline, context] = caller instanceof RequestContext ? [caller.deadline, caller] : [caller, undefined]
  return new Promise((resolve, reject) => {
    if (deadline.cancelled) {
      reject(new HypershardError('cancelled', `the caller went away before the call to ${peer}`))
      return
    }
    const call = method(request, metadataOf(context), { deadline: deadline.toDate() }, (error, response) => {
      deadline.signal.removeEventListener('abort', cancel)
      if (error) reject(fromServiceError(error, peer))
      else resolve(response)
    })
    const cancel = () => call.cancel()
    deadline.signal.addEventListener('abort', cancel, { once: true })
  })
}

/** What a server is told of the request that a call is made for. */
function metadataOf(context: RequestContext | undefined): Metadata {
  const metadata = new GrpcMetadata()
  if (context === undefined) return metadata
  const { requestId, trace } = context
  if (requestId !== '') metadata.set(requestIdHeader, requestId)
  const { traceparent, tracestate } = trace
  if (traceparent !== undefined) metadata.set(traceparentHeader, traceparent)
  if (tracestate !== undefined) metadata.set(tracestateHeader, tracestate)
  return metadata
}
