import { z } from 'zod'
import { count } from './basic-schemas.ts'
import { writeQuerySchema, writeReportSchema } from './documents.ts'
import type { Immutable } from './immutable.ts'
import { deletedByFilterMax } from './limits.ts'

export const deleteByFilterSchema = z.strictObject({
  filter: z.record(z.string(), z.unknown()).describe('Which documents are deleted, as of a search.'),
  min_sequence: z
    .int()
    .min(0)
    .default(0)
    .describe('`sequence` of a write: what is deleted is looked for once searches see that write.'),
})

export const deleteByFilterQuerySchema = writeQuerySchema.omit({ progress: true })

const { sequence, searchable, manifest_version, problem, took_ms } = writeReportSchema.shape

export const deleteByFilterReportSchema = z.object({
  deleted: count.nullable().describe('Null for the repetition of one that is so long ago that its number is not kept.'),
  written_meanwhile: count.describe(
    'Documents that passed and stay, since they were written after the version that was looked at.',
  ),
  complete: z
    .boolean()
    .describe(`False where there may be more: one request deletes ${deletedByFilterMax} documents at most.`),
  sequence,
  repeated: z.boolean().describe('An earlier attempt with the same idempotency key and filter had deleted them.'),
  searchable,
  manifest_version,
  problem,
  took_ms,
})

/** As a client writes it. */
export type DeleteByFilterRequest = Immutable<z.input<typeof deleteByFilterSchema>>

export type DeleteByFilterAnswer = Immutable<z.output<typeof deleteByFilterReportSchema>>
