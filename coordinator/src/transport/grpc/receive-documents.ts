import { HypershardError } from '@hypershard/common'
import type { Document, PutDocumentsRequest } from '@hypershard/proto/search'
import { checkDocument, type ReceivedDocument } from '../../indexing/check-document.ts'

/** A stream whose first message names the index, with that name read and everything else still to come. */
export interface ReceivedPut {
  readonly index: string
  /** Numbered from 1 in the order received, as the lines of the HTTP twin are. */
  readonly documents: AsyncIterable<ReceivedDocument>
}

/** @throws HypershardError `invalid_request` for a stream without a message, or whose first names no index */
export async function receiveDocuments(messages: AsyncIterable<PutDocumentsRequest>): Promise<ReceivedPut> {
  const rest = messages[Symbol.asyncIterator]()
  const first = await rest.next()
  if (first.done === true || first.value.index === '') {
    throw new HypershardError('invalid_request', 'index: the first message must name it')
  }
  return { index: first.value.index, documents: documentsOf(first.value, rest) }
}

async function* documentsOf(
  first: PutDocumentsRequest,
  rest: AsyncIterator<PutDocumentsRequest>,
): AsyncGenerator<ReceivedDocument> {
  let line = 0
  for (let message = first; ; ) {
    if (message.index !== '' && message.index !== first.index) {
      const both = `\`${first.index}\` and \`${message.index}\``
      throw new HypershardError('invalid_request', `index: one stream puts into one index, not ${both}`)
    }
    for (const document of message.documents) {
      line++
      yield { line, ...checkDocument(asJson(document)) }
    }
    const next = await rest.next()
    if (next.done === true) return
    message = next.value
  }
}

function asJson({ id, title, text, fields }: Document): Record<string, unknown> {
  return { ...withoutOwnKeys(fields), id, title, text }
}

/** A field named as one of the document's own keys would take its place. */
function withoutOwnKeys(fields: Document['fields']): Record<string, unknown> {
  const { id: _id, _id: __id, title: _title, text: _text, ...others } = fields ?? {}
  return others
}
