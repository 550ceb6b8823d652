import { z } from 'zod'
import { count, milliseconds } from './basic-schemas.ts'
import { coverageSchema } from './coverage.ts'
import type { Immutable } from './immutable.ts'
import { timeoutMsMax } from './limits.ts'
import { searchDefaults, searchOptionsSchema } from './search-options.ts'

export const countRequestSchema = z.strictObject({
  filter: searchOptionsSchema.shape.filter.describe('Which documents are counted, as of a search; all without one.'),
  min_coverage: z
    .number()
    .min(0)
    .max(1)
    .default(searchDefaults.min_coverage)
    .describe('The share of the documents that must have been looked at; below it the answer is a 503.'),
  min_sequence: z
    .int()
    .min(0)
    .default(0)
    .describe('`sequence` of a write: the count waits until searches see that write, inside its time limit.'),
  timeout_ms: z.int().min(1).max(timeoutMsMax).default(searchDefaults.timeout_ms).describe('For everything together.'),
})

export const countAnswerSchema = z.object({
  count: count.describe('Documents that pass; exact, unless `coverage` says that a shard is missing.'),
  coverage: coverageSchema,
  manifest_version: count,
  took_ms: milliseconds,
})

/** As a client writes it. */
export type CountRequest = Immutable<z.input<typeof countRequestSchema>>

export type CountAnswer = Immutable<z.output<typeof countAnswerSchema>>
