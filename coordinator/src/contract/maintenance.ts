import type { AsideDocument, Verification } from '@hypershard/storage'
import { z } from 'zod'

const count = z.int().min(0)

/** Files that a search may still read are younger than this. */
const keepMsDefault = 3_600_000

export const collectSchema = z.strictObject({
  dry_run: z.boolean().default(true).describe('Tell what would be deleted, and delete nothing.'),
  keep_ms: z
    .int()
    .min(60_000)
    .default(keepMsDefault)
    .describe('How long a file that nothing needs is kept; longer than any search, cursor or commit takes.'),
})

export const collectedSchema = z.object({ files: count, keys: z.array(z.string()).describe('The first 1,000.') })

export const keysShownMax = 1_000

export const verificationSchema = z.object({
  generation: count,
  manifest_version: count,
  segments: count,
  bytes: count,
  documents: count.describe('Distinct ids that were read.'),
  documents_counted: count.describe('What the manifest says there are.'),
  problems: z.array(z.string()).describe('Nothing when all is well.'),
})

export const asideSchema = z.object({
  documents: z.array(
    z.object({ id: z.string(), title: z.string(), version: count, code: z.string(), message: z.string() }),
  ),
})

export function verificationJson(found: Verification & { generation: number; version: number }) {
  const { generation, version, segments, bytes, documents, documentsCounted, problems } = found
  return {
    ...{ generation, manifest_version: version, segments, bytes, documents },
    ...{ documents_counted: documentsCounted, problems: [...problems] },
  } satisfies z.input<typeof verificationSchema>
}

export function asideJson(documents: readonly AsideDocument[]): z.input<typeof asideSchema> {
  return {
    documents: documents.map(({ id, title, version, code, message }) => ({ id, title, version, code, message })),
  }
}
