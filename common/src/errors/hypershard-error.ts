import { type CatalogueRow, type ErrorCode, errorCatalogue } from './catalogue.ts'

/** Facts of a failure for programs: JSON values only, no secrets, no document texts. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * A failure the caller may meet: bad input, something missing, something broken outside. The message says what, where
 * and what to do, in lowercase without a full stop. Defects are not failures: those are assertions.
 * @example
 * ```ts
 * throw new HypershardError('index_not_found', `no index \`${name}\`; create it first`, { details: { name } })
 * ```
 */
export class HypershardError extends Error {
  override readonly name = 'HypershardError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = Object.freeze({ ...options.details })
  }

  get row(): CatalogueRow {
    return errorCatalogue[this.code]
  }
}

/** The failure itself, or a defect wrapped as `internal` with its cause kept for the log. */
export function toHypershardError(error: unknown): HypershardError {
  if (error instanceof HypershardError) return error
  return new HypershardError('internal', 'an unexpected error; the server log has the cause', { cause: error })
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
