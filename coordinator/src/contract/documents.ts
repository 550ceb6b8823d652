import { idempotencyKeyCharactersMax } from '@hypershard/storage'
import { z } from 'zod'
import { lineErrorsMax } from '../writing/line-tally.ts'
import type { LineError } from '../writing/operation.ts'
import type { WriteProgress, WriteReport } from '../writing/write-documents.ts'

const count = z.int().min(0)

/** The longest that an answer may wait for documents to be searchable. */
const waitMsMax = 7 * 24 * 3_600_000

export const idempotencyKeySchema = z
  .string()
  .min(1)
  .max(idempotencyKeyCharactersMax)
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters')

export const writeQuerySchema = z.strictObject({
  wait_for: z
    .enum(['durable', 'searchable'])
    .default('durable')
    .describe('When to answer: once the documents cannot be lost any more, or once searches find them.'),
  wait_timeout_ms: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().max(waitMsMax))
    .optional()
    .describe('How long to wait for `searchable`; then the answer comes with `searchable` false.'),
  progress: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Answer with NDJSON: progress about once a second, then the result or the problem as the last line.'),
})

export type WriteQuery = z.output<typeof writeQuerySchema>

export const deleteBodySchema = z.strictObject({
  ids: z
    .array(z.string().min(1))
    .min(1)
    .max(100_000)
    .describe('Ids of documents; those that do not exist are no error.'),
})

export const writeReportSchema = z.object({
  received: count,
  accepted: count.describe('Lines that are durable now.'),
  failed: count,
  sequence: count.nullable().describe('Of this write in the log of the index; pass it to a search as `min_sequence`.'),
  repeated: z.boolean().describe('An earlier attempt with the same idempotency key had written it.'),
  searchable: z.boolean(),
  manifest_version: count,
  problem: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .describe('Why indexing does not go on, when it does not; the documents are safe.'),
  documents_unreadable: count
    .nullable()
    .describe(
      'Documents of this write that the model cannot read: half of their tokens or more are not in its vocabulary, or ' +
        'they have none. Null until they are searchable, and when it is not known any more.',
    ),
  unreadable: z
    .array(z.object({ id: z.string(), tokens: count, unknown_tokens: count }))
    .describe('The first of them, with the tokens read.'),
  took_ms: z.number().min(0),
  errors: z
    .array(z.object({ line: z.int().min(1), id: z.string().nullable(), code: z.string(), message: z.string() }))
    .max(lineErrorsMax),
})

export const documentSchema = z.object({
  id: z.string(),
  title: z.string(),
  text: z.string(),
  fields: z.record(z.string(), z.unknown()),
  version: count.describe('The sequence number of the write that put it.'),
  tokens: count.nullable().describe('That the model read; null until it is indexed, or where they were not counted.'),
  unknown_tokens: count.nullable().describe("Of these, the ones that the model's vocabulary does not have."),
})

export function writeReportJson(report: WriteReport): z.input<typeof writeReportSchema> {
  const { tookMs, manifestVersion, errors, received, accepted, failed, sequence, repeated, searchable, problem } =
    report
  return {
    ...{ received, accepted, failed, sequence, repeated, searchable, problem },
    documents_unreadable: report.documentsUnreadable,
    unreadable: report.unreadable.map(({ id, tokens, unknown }) => ({ id, tokens, unknown_tokens: unknown })),
    took_ms: tookMs,
    manifest_version: manifestVersion,
    errors: errors.map(({ line, id, code, message }: LineError) => ({ line, id, code, message })),
  }
}

export function writeProgressJson({ received, sequence, waiting }: WriteProgress) {
  return { received, sequence, waiting }
}
