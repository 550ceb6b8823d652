import type { ErrorCode } from '@hypershard/common'
import type { Operation, PutDocument } from '@hypershard/storage'

/**
 * A document that may be stored: id, title and text are well-formed, `fields` is the JSON text of an object.
 */
export type CheckedDocument = PutDocument

/** An operation that may be appended to the log. */
export interface CheckedOperation {
  readonly operation: Operation
  /** It applies only while the document has this version, 0 for none. */
  readonly ifVersion: number | undefined
}

/** Why a line cannot be used. */
export interface LineProblem {
  /** Null when it has no usable id. */
  readonly id: string | null
  readonly code: ErrorCode
  readonly message: string
}

/** An operation of a write as it arrived: good, or why not. */
export type ReceivedOperation =
  | ({ readonly line: number } & CheckedOperation)
  | { readonly line: number; readonly problem: LineProblem }

export interface LineError extends LineProblem {
  readonly line: number
}
