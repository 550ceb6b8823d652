import { isUtf8 } from 'node:buffer'
import { type ErrorCode, messageOf } from '@hypershard/common'
import { documentBytesMax } from '@hypershard/proto/limits'
import { type Fields, readFieldValues } from '@hypershard/storage'
import type { CheckedOperation, LineProblem, ReceivedOperation } from './operation.ts'
import type { ReadLine } from './read-lines.ts'

export const idBytesMax = 512

/** Deeper JSON would overflow the stack of whoever writes it out again. */
const fieldsDepthMax = 100

/** Reads lines of NDJSON. Blank lines are left out; every other one gives an operation or a problem. */
export async function* checkLines(lines: AsyncIterable<ReadLine>, fields: Fields): AsyncGenerator<ReceivedOperation> {
  for await (const { line, bytes } of lines) {
    if (bytes === undefined)
      yield { line, problem: problem(null, `longer than ${documentBytesMax} bytes`, 'request_too_large') }
    else if (!isBlank(bytes)) yield { line, ...checkLine(bytes, fields) }
  }
}

type Checked = CheckedOperation | { readonly problem: LineProblem }

function checkLine(bytes: Buffer, fields: Fields): Checked {
  if (!isUtf8(bytes)) return { problem: problem(null, 'not UTF-8') }
  try {
    return checkOperation(JSON.parse(bytes.toString()), fields)
  } catch (error) {
    return { problem: problem(null, `not JSON: ${messageOf(error)}`) }
  }
}

/**
 * Checks one operation given as JSON has it: a document with `id` or `_id`, `title`, `text`, and any other key as a
 * field; with `_op` "delete", an id to delete. `_if_version` makes it conditional.
 * @param indexFields what searches can filter by: a document's value must be of its field's type
 */
export function checkOperation(value: unknown, indexFields: Fields): Checked {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: problem(null, `a document is a JSON object, this is ${kindOf(value)}`) }
  }
  const {
    id: plainId,
    _id: underscoreId,
    _op: op = 'put',
    _if_version: ifVersion,
    ...rest
  } = value as Record<string, unknown>
  if (plainId !== undefined && underscoreId !== undefined) {
    return { problem: problem(null, 'both id and _id are given; leave one out') }
  }
  const id = plainId === undefined ? underscoreId : plainId
  const idFault = faultOfId(id)
  if (idFault !== undefined) return { problem: problem(null, idFault) }
  const fault = faultOfCommand(op, ifVersion)
  if (fault !== undefined) return { problem: problem(id as string, fault) }
  const condition = { ifVersion: ifVersion as number | undefined }
  if (op === 'delete') return checkDelete(id as string, rest, condition)
  return checkPut(id as string, rest, indexFields, condition)
}

type Condition = Pick<CheckedOperation, 'ifVersion'>

function checkDelete(id: string, rest: Record<string, unknown>, condition: Condition): Checked {
  const [extra] = Object.keys(rest)
  if (extra !== undefined) return { problem: problem(id, `${extra}: a deletion has an id and nothing else`) }
  return { operation: { type: 'delete', id }, ...condition }
}

function checkPut(id: string, rest: Record<string, unknown>, indexFields: Fields, condition: Condition): Checked {
  const { title = '', text = '', ...fields } = rest
  const fault =
    faultOfString('title', title) ??
    faultOfString('text', text) ??
    faultOfContent(title, text, fields) ??
    faultOfFields(fields, indexFields)
  if (fault !== undefined) return { problem: problem(id, fault) }
  const document = { id, title: title as string, text: text as string, fields: JSON.stringify(fields) }
  const bytes = Object.values(document).reduce((sum, part) => sum + Buffer.byteLength(part), 0)
  if (bytes <= documentBytesMax) return { operation: { type: 'put', document }, ...condition }
  return { problem: problem(id, `longer than ${documentBytesMax} bytes`, 'request_too_large') }
}

function faultOfCommand(op: unknown, ifVersion: unknown): string | undefined {
  if (op !== 'put' && op !== 'delete') return `_op: must be "put" or "delete", this is ${JSON.stringify(op)}`
  const isVersion = ifVersion === undefined || (Number.isSafeInteger(ifVersion) && (ifVersion as number) >= 0)
  return isVersion ? undefined : '_if_version: must be a whole number from 0; 0 means that there is no such document'
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

function faultOfFields(given: Record<string, unknown>, indexFields: Fields): string | undefined {
  for (const [name, field] of Object.entries(indexFields)) {
    const read = readFieldValues(field, Object.hasOwn(given, name) ? given[name] : undefined)
    if ('fault' in read) return `${name}: ${read.fault}`
  }
  return undefined
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
