import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { isErrorCode } from '../errors/catalogue.ts'
import { HypershardError, toHypershardError } from '../errors/hypershard-error.ts'
import { describeConnectionFailure } from './connection-failure.ts'

/** Trailing metadata that carries a failure's code and details, as JSON in UTF-8. */
const errorMetadataKey = 'hypershard-error-bin'

/** A failure as gRPC sends it: the catalogue's status, and the code and details in the trailers. */
export function toServiceError(error: unknown): Partial<ServiceError> {
  const failure = toHypershardError(error)
  const metadata = new Metadata()
  metadata.set(errorMetadataKey, Buffer.from(JSON.stringify({ code: failure.code, details: failure.details })))
  return { code: failure.row.grpc, details: failure.message, metadata }
}

/**
 * A failed call as the error that the server meant, or by its gRPC status when no server of ours answered.
 * @param peer who was called and at which address, for the message
 */
export function fromServiceError(error: ServiceError, peer: string): HypershardError {
  const carried = error.metadata?.get(errorMetadataKey)[0]
  if (carried !== undefined) {
    const { code, details } = JSON.parse(carried.toString()) as { code: string; details: Record<string, unknown> }
    if (isErrorCode(code)) return new HypershardError(code, error.details, { details, cause: error })
  }
  const message = describeConnectionFailure(error, peer)
  return new HypershardError(codeOfStatus(error.code), message, { details: { peer }, cause: error })
}

/** Whether a call failed because the server is of a version before the method. */
export function isUnimplemented(error: unknown): boolean {
  return error instanceof HypershardError && (error.cause as ServiceError | undefined)?.code === status.UNIMPLEMENTED
}

function codeOfStatus(code: status) {
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return 'deadline_exceeded'
    case status.CANCELLED:
      return 'cancelled'
    case status.RESOURCE_EXHAUSTED:
      return 'request_too_large'
    case status.UNAVAILABLE:
      return 'unavailable'
    default:
      return 'internal'
  }
}
