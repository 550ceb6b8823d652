import { isUtf8 } from 'node:buffer'
import {
  type ErrorCode,
  findRepeatedKey,
  HypershardError,
  isExactNumber,
  looksLikeUtf16,
  messageOf,
  parseExactJson,
  withoutByteOrderMark,
} from '@hypershard/common'
import { documentBytesMax, idBytesMax } from '@hypershard/proto/limits'
import { type Fields, readFieldValues } from '@hypershard/storage'
import type { VectorRule } from '../vectors/vector-rule.ts'
import type { ReadLine } from './line-parts.ts'
import {
  type CheckedDocument,
  type CheckedOperation,
  type DocumentPatch,
  idOf,
  type LineProblem,
  type ReceivedOperation,
} from './operation.ts'
import { type Taken, takeVector } from './take-vector.ts'

/** Deeper JSON would overflow the stack of whoever writes it out again. */
const fieldsDepthMax = 100

/** Lines of a body told when none of it can be used. */
const linesToldMax = 20

const operations: readonly unknown[] = ['put', 'patch', 'delete']

/**
 * Reads lines of NDJSON. Blank lines are left out; every other one gives an operation or a problem. A byte order mark is
 * no part of a line: files that were joined have one in the middle.
 * @throws HypershardError `invalid_request` at the end of a body in which no line was a JSON object, `request_too_large`
 *   where all were too long to be read
 */
export async function* checkLines(
  lines: AsyncIterable<ReadLine>,
  fields: Fields,
  vectors?: VectorRule,
): AsyncGenerator<ReceivedOperation> {
  const unreadable: UnreadableLine[] = []
  let received = 0
  let readable = false
  for await (const { line, bytes: marked } of lines) {
    const bytes = marked && withoutByteOrderMark(marked)
    if (bytes !== undefined && isBlank(bytes)) continue
    received++
    const read = bytes === undefined ? tooLong : readObject(bytes)
    if ('object' in read) {
      readable = true
      yield { line, ...checkObject(read, fields, vectors) }
    } else {
      if (unreadable.length < linesToldMax) unreadable.push({ line, ...read.problem })
      yield { line, ...read }
    }
  }
  if (received > 0 && !readable) throw nothingUsable(received, unreadable)
}

type UnreadableLine = LineProblem & { readonly line: number }

type Unreadable = { readonly problem: LineProblem }

const tooLong: Unreadable = { problem: problem(null, `longer than ${documentBytesMax} bytes`, 'request_too_large') }

function nothingUsable(received: number, lines: readonly UnreadableLine[]): HypershardError {
  const [first] = lines
  const allTooLong = lines.every(({ code }) => code === 'request_too_large')
  const message =
    `body: not one of its ${received} lines is a JSON object; send one JSON object a line, or a JSON array of objects; ` +
    `line ${first?.line}: ${first?.message}`
  return new HypershardError(allTooLong ? 'request_too_large' : 'invalid_request', message, {
    details: { received, errors: lines },
  })
}

interface ReadObject {
  readonly object: Record<string, unknown>
  readonly text: string
}

function readObject(bytes: Buffer): ReadObject | Unreadable {
  if (!isUtf8(bytes)) {
    return { problem: problem(null, looksLikeUtf16(bytes) ? 'UTF-16; send UTF-8' : 'not UTF-8') }
  }
  const text = bytes.toString()
  try {
    const value = parseExactJson(text)
    if (isObject(value)) return { object: value, text }
    return { problem: problem(null, `a document is a JSON object, this is ${kindOf(value)}`) }
  } catch (error) {
    return { problem: problem(null, `not JSON: ${messageOf(error)}`) }
  }
}

type Checked = CheckedOperation | { readonly problem: LineProblem }

function checkObject({ object, text }: ReadObject, fields: Fields, vectors: VectorRule | undefined): Checked {
  const repeated = findRepeatedKey(text, object)
  const checked = checkOperation(object, fields, vectors)
  if (repeated === undefined || 'problem' in checked) return checked
  return { problem: problem(idOf(checked.operation), `${repeated}: given twice in one object; leave one out`) }
}

/**
 * Checks one operation given as JSON has it: a document with `id` or `_id`, `title`, `text`, and any other key as a
 * field; with `_op` "delete", an id to delete; with "patch", what changes of a document. `_if_version` makes it conditional. One of
 * these that is null counts as left out, since that is how tables write a missing value; in a patch it removes what it names.
 * @param value parsed by `parseExactJson`: numbers of fields are stored as they are written
 * @param indexFields what searches can filter by: a document's value must be of its field's type
 * @param vectors what vectors documents may come with; none if left out
 */
export function checkOperation(value: unknown, indexFields: Fields, vectors?: VectorRule): Checked {
  if (!isObject(value)) {
    return { problem: problem(null, `a document is a JSON object, this is ${kindOf(value)}`) }
  }
  const { id: plainId, _id: underscoreId, _op, _if_version, ...rest } = value
  const op = _op ?? 'put'
  const ifVersion = _if_version ?? undefined
  if ((plainId ?? undefined) !== undefined && (underscoreId ?? undefined) !== undefined) {
    return { problem: problem(null, 'both id and _id are given; leave one out') }
  }
  const id = plainId ?? underscoreId ?? undefined
  const idFault = faultOfId(id)
  if (idFault !== undefined) return { problem: problem(null, idFault) }
  const fault = faultOfCommand(op, ifVersion)
  if (fault !== undefined) return { problem: problem(id as string, fault) }
  const condition = { ifVersion: ifVersion as number | undefined }
  if (op === 'delete') return checkDelete(id as string, rest, condition)
  if (op === 'patch') return checkPatch(id as string, rest, { fields: indexFields, vectors }, condition)
  return checkPut(id as string, rest, { fields: indexFields, vectors }, condition)
}

type Condition = Pick<CheckedOperation, 'ifVersion'>

function checkDelete(id: string, rest: Record<string, unknown>, condition: Condition): Checked {
  const extra = Object.keys(rest).find(key => rest[key] !== null)
  if (extra !== undefined) return { problem: problem(id, `${extra}: a deletion has an id and nothing else`) }
  return { operation: { type: 'delete', id }, ...condition }
}

/** What an index says of its documents. */
export interface PutRules {
  readonly fields: Fields
  readonly vectors: VectorRule | undefined
}

function checkPut(id: string, rest: Record<string, unknown>, rules: PutRules, condition: Condition): Checked {
  const { title: givenTitle, text: givenText, ...others } = rest
  const isField = rules.vectors === undefined || Object.hasOwn(rules.fields, 'vector')
  const taken = isField ? { vector: undefined, fields: others } : takeVector(others, rules.vectors!)
  if ('fault' in taken) return { problem: problem(id, taken.fault, taken.code) }
  const { vector, fields } = taken
  const title = givenTitle ?? ''
  const text = givenText ?? ''
  const fault = faultOfString('title', title) ?? faultOfString('text', text)
  if (fault !== undefined) return { problem: problem(id, fault) }
  const checked = checkContent({ id, title: title as string, text: text as string, fields, vector }, rules)
  return 'problem' in checked ? checked : { operation: { type: 'put', document: checked.document }, ...condition }
}

export type CheckedPut = { readonly document: CheckedDocument } | { readonly problem: LineProblem }

/** What is checked of a whole document, whether it was put so or patched. */
export function checkContent(
  { id, title, text, fields, vector }: Omit<CheckedDocument, 'fields'> & { readonly fields: Record<string, unknown> },
  rules: PutRules,
): CheckedPut {
  const fault =
    faultOfContent({ title, text }, rules.vectors?.external === true) ??
    faultOfDepth(fields) ??
    faultOfFields(fields, rules.fields)
  if (fault !== undefined) return { problem: problem(id, fault) }
  const content = { id, title, text, fields: JSON.stringify(fields) }
  const bytes = Object.values(content).reduce((sum, part) => sum + Buffer.byteLength(part), 0)
  const document = vector === undefined ? content : { ...content, vector }
  if (bytes <= documentBytesMax) return { document }
  return { problem: problem(id, `longer than ${documentBytesMax} bytes`, 'request_too_large') }
}

/** Of the document that it changes nothing is known yet: what depends on that is checked once it is read. */
function checkPatch(id: string, rest: Record<string, unknown>, rules: PutRules, condition: Condition): Checked {
  const { title, text, ...others } = rest
  const fault = faultOfChange('title', title) ?? faultOfChange('text', text) ?? faultOfDepth(others)
  if (fault !== undefined) return { problem: problem(id, fault) }
  const taken = takeOtherVector(others, rules)
  if ('fault' in taken) return { problem: problem(id, taken.fault, taken.code) }
  const { vector, fields } = taken
  const texts = { ...(title !== undefined && { title }), ...(text !== undefined && { text }) } as Partial<DocumentPatch>
  return { operation: { type: 'patch', id, patch: { id, ...texts, fields, vector } }, ...condition }
}

function faultOfChange(name: string, value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : faultOfString(name, value)
}

/** A patch may say nothing of the vector, and then it stays. */
function takeOtherVector(keys: Record<string, unknown>, { fields: indexFields, vectors }: PutRules): Taken {
  const isField = vectors === undefined || Object.hasOwn(indexFields, 'vector')
  if (isField || keys.vector === undefined) return { vector: undefined, fields: keys }
  return takeVector(keys, vectors)
}

function faultOfCommand(op: unknown, ifVersion: unknown): string | undefined {
  if (!operations.includes(op)) return `_op: must be "put", "patch" or "delete", this is ${JSON.stringify(op)}`
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

/** @param mayBeEmpty for a document that is searched by a vector from outside alone */
function faultOfContent({ title, text }: { title: unknown; text: unknown }, mayBeEmpty: boolean): string | undefined {
  if (mayBeEmpty || !isEmpty(title) || !isEmpty(text)) return undefined
  return 'title and text are both empty; there is nothing to search'
}

function faultOfDepth(fields: Record<string, unknown>): string | undefined {
  return isDeeperThan(fields, fieldsDepthMax) ? `fields: nested deeper than ${fieldsDepthMax}` : undefined
}

function faultOfFields(given: Record<string, unknown>, indexFields: Fields): string | undefined {
  for (const [name, field] of Object.entries(indexFields)) {
    const read = readFieldValues(field, given, name)
    if ('fault' in read) return `${name}: ${read.fault}`
  }
  return undefined
}

function isEmpty(text: unknown): boolean {
  return typeof text === 'string' && text.trim() === ''
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return false
  return depth === 0 || Object.values(value).some(inner => isDeeperThan(inner, depth - 1))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
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
  if (isExactNumber(value)) return 'a number'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}
