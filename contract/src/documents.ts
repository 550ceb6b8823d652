import { z } from 'zod'
import { count } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'
import { lineErrorsMax } from './limits.ts'

export const idempotencyKeyCharactersMax = 256

/** When a write is answered. */
export const waitModes = ['durable', 'searchable'] as const

export type WaitMode = (typeof waitModes)[number]

/** The longest that an answer may wait for documents to be searchable. */
const waitMsMax = 7 * 24 * 3_600_000

export const idempotencyKeySchema = z
  .string()
  .min(1)
  .max(idempotencyKeyCharactersMax)
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters')

export const writeQuerySchema = z.strictObject({
  wait_for: z
    .enum(waitModes)
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

/** A line of an answer with `progress`, before the last one. */
export const writeProgressSchema = z.object({
  received: count,
  sequence: count.nullable().describe('Once the documents are durable.'),
  waiting: count
    .nullable()
    .describe('Documents of the index that are not searchable yet; null until these are durable.'),
})

export const documentSchema = z.object({
  id: z.string(),
  title: z.string(),
  text: z.string(),
  fields: z.record(z.string(), z.unknown()),
  version: count.describe('The sequence number of the write that put it.'),
  tokens: count.nullable().describe('That the model read; null until it is indexed, or where they were not counted.'),
  unknown_tokens: count.nullable().describe("Of these, the ones that the model's vocabulary does not have."),
  truncated: z
    .boolean()
    .nullable()
    .describe('Whether the text goes on after these, so that searches find its beginning alone. Null as `tokens` is.'),
  vector: z
    .object({ model: z.string(), values: z.array(z.number()) })
    .nullable()
    .optional()
    .describe(
      'Where it was asked for: as a put takes it again. Null until the document is indexed, unless it came with one.',
    ),
})

export const documentQuerySchema = z.strictObject({
  vector: z.enum(['true', 'false']).default('false').describe('Whether the vector is given too.'),
})

/** What became of a write. */
export type PutAnswer = Immutable<z.output<typeof writeReportSchema>>

export type PutProgress = Immutable<z.output<typeof writeProgressSchema>>

export type StoredDocument = Immutable<z.output<typeof documentSchema>>
