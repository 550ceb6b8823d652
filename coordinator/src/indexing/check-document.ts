import { isUtf8 } from 'node:buffer'
import { type ErrorCode, messageOf } from '@hypershard/common'
import type { CheckedDocument } from './document-sink.ts'
import type { ReadLine } from './read-lines.ts'

/** Why a line cannot be used. */
export interface LineProblem {
  /** Null when it has no usable id. */
  readonly id: string | null
  readonly code: ErrorCode
  readonly message: string
}

/** A document of a put as it arrived: good, or why not. */
export type ReceivedDocument =
  | { readonly line: number; readonly document: CheckedDocument }
  | { readonly line: number; readonly problem: LineProblem }

export const idBytesMax = 512
export const lineBytesMax = 1024 * 1024

/** Of id, title, text and the JSON of the fields together, however they came. */
const documentBytesMax = lineBytesMax

/** Deeper JSON would overflow the stack of whoever writes it out again. */
const fieldsDepthMax = 100

/** Reads lines of NDJSON. Blank lines are left out; every other one gives a document or a problem. */
export async function* checkLines(lines: AsyncIterable<ReadLine>): AsyncGenerator<ReceivedDocument> {
  for await (const { line, bytes } of lines) {
    if (bytes === undefined)
      yield { line, problem: problem(null, `longer than ${lineBytesMax} bytes`, 'request_too_large') }
    else if (!isBlank(bytes)) yield { line, ...checkLine(bytes) }
  }
}

type Checked = { readonly document: CheckedDocument } | { readonly problem: LineProblem }

function checkLine(bytes: Buffer): Checked {
  if (!isUtf8(bytes)) return { problem: problem(null, 'not UTF-8') }
  try {
    return checkDocument(JSON.parse(bytes.toString()))
  } catch (error) {
    return { problem: problem(null, `not JSON: ${messageOf(error)}`) }
  }
}

/** Checks one document given as JSON has it: `id` or `_id`, `title`, `text`, and any other key as a field. */
export function checkDocument(value: unknown): Checked {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: problem(null, `a document is a JSON object, this is ${kindOf(value)}`) }
  }
  const { id: plainId, _id: underscoreId, title = '', text = '', ...fields } = value as Record<string, unknown>
  if (plainId !== undefined && underscoreId !== undefined) {
    return { problem: problem(null, 'both id and _id are given; leave one out') }
  }
  const id = plainId === undefined ? underscoreId : plainId
  const idFault = faultOfId(id)
  if (idFault !== undefined) return { problem: problem(null, idFault) }
  const fault = faultOfString('title', title) ?? faultOfString('text', text) ?? faultOfContent(title, text, fields)
  if (fault !== undefined) return { problem: problem(id as string, fault) }
  const document = { id: id as string, title: title as string, text: text as string, fields: JSON.stringify(fields) }
  const bytes = Object.values(document).reduce((sum, part) => sum + Buffer.byteLength(part), 0)
  if (bytes <= documentBytesMax) return { document }
  return { problem: problem(document.id, `longer than ${documentBytesMax} bytes`, 'request_too_large') }
}

function faultOfId(id: unknown): string | undefined {
  if (id === undefined) return 'id: missing; give id or _id'
  const fault = faultOfString('id', id)
  if (fault !== undefined) return fault
  const bytes = Buffer.byteLength(id as string)
  return bytes >= 1 && bytes <= idBytesMax ? undefined : `id: ${bytes} bytes, must be 1 to ${idBytesMax}`
}

function faultOfString(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return `${name}: must be a string, this is ${kindOf(value)}`
  return value.isWellFormed() ? undefined : `${name}: has half of a surrogate pair; send well-formed Unicode`
}

function faultOfContent(title: unknown, text: unknown, fields: Record<string, unknown>): string | undefined {
  if (isEmpty(title) && isEmpty(text)) return 'title and text are both empty; there is nothing to search'
  return isDeeperThan(fields, fieldsDepthMax) ? `fields: nested deeper than ${fieldsDepthMax}` : undefined
}

function isEmpty(text: unknown): boolean {
  return typeof text === 'string' && text.trim() === ''
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some(inner => isDeeperThan(inner, depth - 1))
}

/** Space, tab and carriage return only. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every(byte => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function problem(id: string | null, message: string, code: ErrorCode = 'invalid_request'): LineProblem {
  return { id, code, message }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}
