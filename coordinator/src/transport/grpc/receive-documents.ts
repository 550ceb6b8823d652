import { type Deadline, HypershardError, waitWithin } from '@hypershard/common'
import { idempotencyKeySchema, type WaitMode } from '@hypershard/contract'
import { documentBytesMax } from '@hypershard/proto/limits'
import type { Document, DocumentPatch, PutDocumentsRequest } from '@hypershard/proto/search'
import { checkOperation, type PutRules } from '../../writing/check-document.ts'
import type { ReceivedOperation } from '../../writing/operation.ts'
import { checkRequest } from '../check-request.ts'
import { parseObjectText } from './parse-object-text.ts'

/** A stream whose first message names the index, with that name read and everything else still to come. */
export interface ReceivedPut {
  readonly index: string
  readonly idempotencyKey: string | undefined
  readonly waitFor: WaitMode
  /** Numbered from 1 in the order received, as the lines of the HTTP twin are. */
  readonly operations: AsyncIterable<ReceivedOperation>
}

/**
 * @param rulesOf what an index says of its documents, asked once its name is checked
 * @throws HypershardError `invalid_request` for a stream without a message, or whose first names no index
 */
export async function receiveDocuments(
  messages: AsyncIterable<PutDocumentsRequest>,
  rulesOf: (index: string) => PutRules,
  deadline: Deadline,
): Promise<ReceivedPut> {
  const stream = messages[Symbol.asyncIterator]()
  const rest = { next: () => waitWithin(stream.next(), deadline, 'receiving documents') }
  const first = await rest.next()
  if (first.done === true || first.value.index === '') {
    throw new HypershardError('invalid_request', 'index: the first message must name it')
  }
  const { index, idempotencyKey, waitForSearchable } = first.value
  return {
    index,
    idempotencyKey:
      idempotencyKey === '' ? undefined : checkRequest(idempotencyKeySchema, idempotencyKey, 'idempotency_key'),
    waitFor: waitForSearchable ? 'searchable' : 'durable',
    operations: operationsOf(first.value, rest, rulesOf),
  }
}

async function* operationsOf(
  first: PutDocumentsRequest,
  rest: Pick<AsyncIterator<PutDocumentsRequest>, 'next'>,
  rulesOf: (index: string) => PutRules,
): AsyncGenerator<ReceivedOperation> {
  const rules = rulesOf(first.index)
  let line = 0
  for (let message = first; ; ) {
    if (message.index !== '' && message.index !== first.index) {
      const both = `\`${first.index}\` and \`${message.index}\``
      throw new HypershardError('invalid_request', `index: one stream puts into one index, not ${both}`)
    }
    for (const document of message.documents) {
      line++
      yield { line, ...checkMessage(document, rules) }
    }
    for (const id of message.deletes) {
      line++
      yield { line, ...checkOperation({ id, _op: 'delete' }, {}) }
    }
    for (const patch of message.patches) {
      line++
      yield { line, ...checkMessage(patch, rules, 'patch') }
    }
    const next = await rest.next()
    if (next.done === true) return
    message = next.value
  }
}

function checkMessage(document: Document | DocumentPatch, rules: PutRules, _op = 'put'): Unnumbered {
  const { id, title, text, ifVersion } = document
  try {
    const given = document.fieldsJson === '' ? finiteFields(document) : parseFields(document)
    const texts = { ...(title !== undefined && { title }), ...(text !== undefined && { text }) }
    const keys = { ...withoutOwnKeys(given), ...vectorOf(document), ...texts, id, _op, _if_version: ifVersion }
    return checkOperation(keys, rules.fields, rules.vectors)
  } catch (error) {
    if (!(error instanceof HypershardError)) throw error
    return { problem: { id: id === '' ? null : id, code: error.code, message: error.message } }
  }
}

/** As the HTTP twin has it. */
function vectorOf({ vector, vectorModel: model, vectorPrecision: precision }: Document | DocumentPatch) {
  if (vector === undefined || vector.length === 0) return {}
  const marks = { ...(model && { model }), ...(precision && { precision }) }
  return { vector: Object.keys(marks).length === 0 ? vector : { ...marks, values: vector } }
}

type Unnumbered = ReturnType<typeof checkOperation>

/** A field named as one of the document's own keys would take its place. */
function withoutOwnKeys(fields: Record<string, unknown>): Record<string, unknown> {
  const { id, _id, title, text, _op, _if_version, ...others } = fields
  return others
}

/** JSON has no NaN and no infinities, and would write null for them. */
function finiteFields({ fields = {} }: Pick<Document, 'fields'>): Record<string, unknown> {
  const path = pathOfNonFinite(fields)
  if (path === undefined) return fields
  throw new HypershardError('invalid_request', `${path.join('.')}: NaN or infinite; leave it out, or send a string`)
}

function pathOfNonFinite(value: unknown): string[] | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return []
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const path = pathOfNonFinite(inner)
    if (path !== undefined) return [key, ...path]
  }
  return undefined
}

/** @throws HypershardError `invalid_request` */
function parseFields({ fields, fieldsJson }: Pick<Document, 'fields' | 'fieldsJson'>): Record<string, unknown> {
  if (fieldsJson.length > documentBytesMax) {
    throw new HypershardError('request_too_large', `fields_json: longer than ${documentBytesMax} bytes`)
  }
  if (fields === undefined) return parseObjectText(fieldsJson, 'fields_json')
  throw new HypershardError('invalid_request', 'fields and fields_json are both given; leave one out')
}
