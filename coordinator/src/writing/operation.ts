import type { ErrorCode } from '@hypershard/common'
import type { Operation, PutDocument } from '@hypershard/storage'

/**
 * A document that may be stored: id, title and text are well-formed, `fields` is the JSON text of an object.
 */
export type CheckedDocument = PutDocument

/** What a patch says of a document: what it leaves out stays as it is. */
export interface DocumentPatch {
  readonly id: string
  /** Null removes it, as it does a field. */
  readonly title?: string | null
  readonly text?: string | null
  readonly fields: Readonly<Record<string, unknown>>
  /** Instead of the one that it has. */
  readonly vector?: PutDocument['vector']
}

/** A change that is made a put once the document is read that it changes. */
export interface PatchOperation {
  readonly type: 'patch'
  readonly id: string
  readonly patch: DocumentPatch
}

export function idOf(operation: Operation | PatchOperation): string {
  return operation.type === 'put' ? operation.document.id : operation.id
}

/** An operation that may be appended to the log, or made one that may. */
export interface CheckedOperation {
  readonly operation: Operation | PatchOperation
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
