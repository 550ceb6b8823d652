import { HypershardError } from '@hypershard/common'
import type {
  CutDocumentsRequest,
  DocumentText,
  EncodeDocumentsRequest,
  EncodeQueryRequest,
  ScorePairsRequest,
} from '@hypershard/proto/encoder'
import { QueryForm } from '@hypershard/proto/encoder'
import {
  encodedDocumentsMax,
  hasMoreCharacters,
  pairsOfCallMax,
  passageOverlapMax,
  queryCharactersMax,
} from '@hypershard/proto/limits'
import { precisionFromProto } from '@hypershard/qnet'
import { joinDocument } from '../encoding/join-document.ts'
import type { LoadedModel, QueryWish, QueryWork } from '../encoding/worker-protocol.ts'
import type { PairsToScore } from '../pairs/pair-scorer.ts'

/** @throws HypershardError `invalid_request`, also where pieces are asked for that the model does not find */
export function readQuery(request: EncodeQueryRequest, model: Pick<LoadedModel, 'interprets' | 'settings'>): QueryWork {
  checkQueryText('text', request.text)
  if (request.interpret && !model.interprets) {
    const message = `interpret: model ${model.settings.name} has no interpreter; leave it out, or give the model one`
    throw new HypershardError('invalid_request', message, { details: { model: model.settings.name } })
  }
  return { text: request.text, wish: readWish(request), ...(request.interpret && { interpret: true }) }
}

/** @throws HypershardError `invalid_request`, `request_too_large` */
export function readPairs({ query, texts }: ScorePairsRequest): PairsToScore {
  checkQueryText('query', query)
  if (texts.length > pairsOfCallMax) {
    const message = `texts: ${texts.length} in one request, over the ${pairsOfCallMax} there may be; send them in parts`
    const details = { texts: texts.length, textsMax: pairsOfCallMax }
    throw new HypershardError('request_too_large', message, { details })
  }
  return { query, texts }
}

function checkQueryText(where: string, text: string): void {
  if (text.trim() === '') throw new HypershardError('invalid_request', `${where}: is empty; a query needs words`)
  if (hasMoreCharacters(text, queryCharactersMax)) {
    const message = `${where}: its characters are over the ${queryCharactersMax} of a query; shorten it`
    throw new HypershardError('invalid_request', message)
  }
  checkWellFormed(where, text)
}

/**
 * One text a document: title and text with a space between, as collections in BEIR's layout are usually encoded.
 * @throws HypershardError `invalid_request`, `request_too_large`
 */
export function readDocuments({ documents }: EncodeDocumentsRequest): string[] {
  checkDocuments(documents)
  return documents.map(joinDocument)
}

/** @throws HypershardError `invalid_request`, `request_too_large` */
export function readCut({
  documents,
  overlap,
}: CutDocumentsRequest): Pick<CutDocumentsRequest, 'documents' | 'overlap'> {
  checkDocuments(documents)
  // NaN is refused too.
  if (overlap >= 0 && overlap <= passageOverlapMax) return { documents, overlap }
  const message = `overlap: must be 0 to ${passageOverlapMax}, the share of a passage that the next one repeats, not ${overlap}`
  throw new HypershardError('invalid_request', message)
}

function checkDocuments(documents: readonly DocumentText[]): void {
  const count = documents.length
  if (count > encodedDocumentsMax) {
    const message = `documents: ${count} in one request, over the ${encodedDocumentsMax} there may be; send them in parts`
    throw new HypershardError('request_too_large', message, {
      details: { documents: count, documentsMax: encodedDocumentsMax },
    })
  }
  for (const [index, document] of documents.entries()) checkDocument(document, index)
}

function checkDocument({ title, text }: DocumentText, index: number): void {
  if (title === '' && text === '') {
    throw new HypershardError('invalid_request', `documents[${index}]: has neither title nor text; give one of them`)
  }
  checkWellFormed(`documents[${index}].title`, title)
  checkWellFormed(`documents[${index}].text`, text)
}

function readWish({ form, precision }: EncodeQueryRequest): QueryWish {
  switch (form) {
    case QueryForm.QUERY_FORM_WEIGHTS:
      return { form: 'weights', precision: precisionFromProto(precision) }
    case QueryForm.QUERY_FORM_TOKEN_STATES:
      return { form: 'tokenStates' }
    default:
      throw new HypershardError('invalid_request', `form: ${form} is not a query form; ask for weights or token states`)
  }
}

function checkWellFormed(where: string, text: string): void {
  if (text.isWellFormed()) return
  throw new HypershardError('invalid_request', `${where}: has half a surrogate pair, which is no character; remove it`)
}
