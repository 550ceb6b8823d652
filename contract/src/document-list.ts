import { z } from 'zod'
import { count, cursorSchema, milliseconds } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'
import { listedDocumentsMax, timeoutMsMax } from './limits.ts'
import { searchDefaults, searchOptionsSchema } from './search-options.ts'

/** What a listing may give of each document beside its id and version. */
export const listedParts = ['text', 'fields', 'vector'] as const

export type ListedPart = (typeof listedParts)[number]

const listDefaults = { limit: 100, with: ['text', 'fields'] as ListedPart[] }

export const listRequestSchema = z.strictObject({
  filter: searchOptionsSchema.shape.filter.describe('Which documents are listed, as of a search; all without one.'),
  limit: z
    .int()
    .min(1)
    .max(listedDocumentsMax)
    .default(listDefaults.limit)
    .describe('How many documents a page has at most; it ends earlier with large ones.'),
  cursor: cursorSchema,
  with: z
    .array(z.enum(listedParts))
    .max(listedParts.length)
    .default(listDefaults.with)
    .describe('What is given beside id and version: `text` with the title, `fields`, `vector`.'),
  min_sequence: z
    .int()
    .min(0)
    .default(0)
    .describe('`sequence` of a write: the first page waits until searches see that write, inside its time limit.'),
  timeout_ms: z.int().min(1).max(timeoutMsMax).default(searchDefaults.timeout_ms).describe('For one page.'),
})

export const listedDocumentSchema = z.object({
  id: z.string(),
  version: count.describe('The sequence number of the write that put it.'),
  title: z.string().optional(),
  text: z.string().optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
  vector: z
    .object({ model: z.string(), values: z.string() })
    .nullable()
    .optional()
    .describe(
      'As a put takes it again; `values` is base64 of f32, little-endian. Null for a document of several passages, which ' +
        'has no one vector.',
    ),
})

export const listAnswerSchema = z.object({
  documents: z.array(listedDocumentSchema),
  next_cursor: z.string().nullable().describe('Null at the end, and there alone; the page before it may be empty.'),
  manifest_version: count,
  took_ms: milliseconds,
})

/** As a client writes it. */
export type ListRequest = Immutable<z.input<typeof listRequestSchema>>

export type ListAnswer = Immutable<z.output<typeof listAnswerSchema>>

export type ListedDocument = Immutable<z.output<typeof listedDocumentSchema>>
