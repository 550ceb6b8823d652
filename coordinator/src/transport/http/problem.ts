import { HypershardError, toHypershardError } from '@hypershard/common'
import type { problemSchema } from '@hypershard/contract'
import type { z } from 'zod'

export const problemContentType = 'application/problem+json'

/** How long a client that was refused for too much work does well to wait. */
const overloadedSeconds = 1

/** What a client is asked for that sent no valid key (RFC 6750). */
export const challenge = 'Bearer realm="hypershard"'

/** For the header `Retry-After`, in whole seconds. */
export function retryAfterOf({ code, details }: HypershardError): number | undefined {
  if (code === 'overloaded') return overloadedSeconds
  return code === 'rate_limited' ? Math.ceil(Number(details.retry_after_ms) / 1_000) : undefined
}

export function problemOf(error: HypershardError, requestId: string): z.input<typeof problemSchema> {
  const { http: status, retryable, title } = error.row
  const type = `https://hypershard.dev/errors/${error.code}`
  return {
    type,
    title,
    status,
    code: error.code,
    detail: error.message,
    retryable,
    request_id: requestId,
    details: error.details,
  }
}

const mediaTypeHelp = 'the content type is not supported; send application/json, or for documents application/x-ndjson'

/** A failure as the API has it, also when fastify itself refused the request. */
export function toProblemError(error: unknown): HypershardError {
  if (error instanceof HypershardError) return error
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new HypershardError('unsupported_media_type', mediaTypeHelp)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new HypershardError('request_too_large', lower(message))
  const clients = statusCode !== undefined && statusCode >= 400 && statusCode < 500
  return clients ? new HypershardError('invalid_request', lower(message), { cause: error }) : toHypershardError(error)
}

function lower(message = 'the request cannot be read'): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
