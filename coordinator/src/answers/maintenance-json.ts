import type { asideSchema, verificationSchema } from '@hypershard/contract'
import type { AsideDocument, Verification } from '@hypershard/storage'
import type { z } from 'zod'

export function verificationJson(found: Verification & { generation: number; version: number }) {
  const { generation, version, segments, bytes, documents, documentsCounted, problems } = found
  return {
    generation,
    manifest_version: version,
    segments,
    bytes,
    documents,
    documents_counted: documentsCounted,
    problems: [...problems],
  } satisfies z.input<typeof verificationSchema>
}

export function asideJson(documents: readonly AsideDocument[]): z.input<typeof asideSchema> {
  return {
    documents: documents.map(({ id, title, version, code, message }) => ({ id, title, version, code, message })),
  }
}
