import type { ErrorCode } from './catalogue.ts'
import { type ErrorDetails, HypershardError, toHypershardError } from './hypershard-error.ts'

/** An error as plain data: classes do not survive the way between threads. */
export interface Failure {
  readonly failure: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
  /** Of a defect, for the log. */
  readonly stack: string | undefined
}

/**
 * An error ready to be sent to another thread.
 * @example
 * port.postMessage({ call, ...toFailure(error) })
 */
export function toFailure(error: unknown): Failure {
  const { code, message, details } = toHypershardError(error)
  const stack = error instanceof HypershardError || !(error instanceof Error) ? undefined : error.stack
  return { failure: { code, message, details }, stack }
}

/** The error that a failure was made of; the stack of a defect is kept as its cause. */
export function fromFailure({ failure, stack }: Failure): HypershardError {
  const cause = stack === undefined ? {} : { cause: new Error(stack) }
  return new HypershardError(failure.code, failure.message, { details: failure.details, ...cause })
}

export function isFailure(value: object): value is Failure {
  return 'failure' in value
}
