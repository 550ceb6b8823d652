import { type Deadline, HypershardError, waitWithin } from '@hypershard/common'
import type { Document, PutDocumentsRequest } from '@hypershard/proto/search'
import type { Fields } from '@hypershard/storage'
import { checkRequest } from '../../contract/check-request.ts'
import { idempotencyKeySchema } from '../../contract/documents.ts'
import { checkOperation } from '../../writing/check-document.ts'
import type { ReceivedOperation } from '../../writing/operation.ts'

/** A stream whose first message names the index, with that name read and everything else still to come. */
export interface ReceivedPut {
  readonly index: string
  readonly idempotencyKey: string | undefined
  readonly waitFor: 'durable' | 'searchable'
  /** Numbered from 1 in the order received, as the lines of the HTTP twin are. */
  readonly operations: AsyncIterable<ReceivedOperation>
}

/**
 * @param fieldsOf what searches of an index can filter by, asked once its name is checked
 * @throws HypershardError `invalid_request` for a stream without a message, or whose first names no index
 */
export async function receiveDocuments(
  messages: AsyncIterable<PutDocumentsRequest>,
  fieldsOf: (index: string) => Fields,
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
    operations: operationsOf(first.value, rest, fieldsOf),
  }
}

async function* operationsOf(
  first: PutDocumentsRequest,
  rest: Pick<AsyncIterator<PutDocumentsRequest>, 'next'>,
  fieldsOf: (index: string) => Fields,
): AsyncGenerator<ReceivedOperation> {
  const fields = fieldsOf(first.index)
  let line = 0
  for (let message = first; ; ) {
    if (message.index !== '' && message.index !== first.index) {
      const both = `\`${first.index}\` and \`${message.index}\``
      throw new HypershardError('invalid_request', `index: one stream puts into one index, not ${both}`)
    }
    for (const document of message.documents) {
      line++
      yield { line, ...checkOperation(asJson(document), fields) }
    }
    for (const id of message.deletes) {
      line++
      yield { line, ...checkOperation({ id, _op: 'delete' }, {}) }
    }
    const next = await rest.next()
    if (next.done === true) return
    message = next.value
  }
}

function asJson({ id, title, text, fields, ifVersion }: Document): Record<string, unknown> {
  return { ...withoutOwnKeys(fields), id, title, text, _if_version: ifVersion }
}

/** A field named as one of the document's own keys would take its place. */
function withoutOwnKeys(fields: Document['fields']): Record<string, unknown> {
  const { id, _id, title, text, _op, _if_version, ...others } = fields ?? {}
  return others
}
