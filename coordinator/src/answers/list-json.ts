import { encodeBase64, parseExactJson } from '@hypershard/common'
import type { ListedPart, listAnswerSchema, listedDocumentSchema } from '@hypershard/contract'
import type { ListedDocument } from '@hypershard/proto/shard'
import type { z } from 'zod'
import type { ListAnswer } from '../reading/list-documents.ts'

export function listJson(answer: ListAnswer, parts: readonly ListedPart[]): z.input<typeof listAnswerSchema> {
  return {
    documents: answer.documents.map(document => documentJson(document, answer.modelDigest, parts)),
    next_cursor: answer.nextCursor,
    manifest_version: answer.manifestVersion,
    took_ms: answer.tookMs,
  }
}

function documentJson(
  { id, version, title, text, fieldsJson, vector }: ListedDocument,
  model: string,
  parts: readonly ListedPart[],
): z.input<typeof listedDocumentSchema> {
  const values = encodeBase64(vector)
  return {
    id,
    version,
    ...(parts.includes('text') && { title, text }),
    ...(parts.includes('fields') && { fields: parseExactJson(fieldsJson || '{}') as Record<string, unknown> }),
    ...(parts.includes('vector') && { vector: vector.length === 0 ? null : { model, values } }),
  }
}
