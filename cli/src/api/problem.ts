import { ClientError, ServerProblem } from '@hypershard/client'
import { HypershardError, isErrorCode, toHypershardError } from '@hypershard/common'
import type { Problem } from '@hypershard/contract'

/** Any failure as a problem: the coordinator's own, or one made here from the catalogue. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ServerProblem) return error.problem
  const failure = toHypershardError(error instanceof ClientError ? translate(error) : error)
  return {
    type: `https://hypershard.dev/errors/${failure.code}`,
    title: failure.row.title,
    status: failure.row.http,
    code: failure.code,
    // A defect of this program has no server log to look into: its own message is all there is.
    detail: error instanceof Error ? error.message : failure.message,
    retryable: failure.row.retryable,
    details: failure.details,
  }
}

function translate(error: ClientError): HypershardError {
  return new HypershardError(isErrorCode(error.code) ? error.code : 'internal', error.message, { cause: error })
}
