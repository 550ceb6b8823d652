import { HypershardError } from '@hypershard/common'

/** What the log says of an error: a failure by its code and message, a defect with its stack. */
export function failureFacts(error: unknown): { code: string; message: string } | { err: unknown } {
  return error instanceof HypershardError ? { code: error.code, message: error.message } : { err: error }
}
