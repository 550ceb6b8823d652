import { z } from 'zod'
import { milliseconds } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'
import { batchHitsMax, batchSearchesMax, timeoutMsMax } from './limits.ts'
import { problemSchema } from './problem.ts'
import { searchAnswerSchema } from './search-answer.ts'
import { searchDefaults } from './search-options.ts'
import { searchRequestSchema } from './search-request.ts'

/** A search of a batch, which has no deadline of its own. */
export const batchedSearchSchema = searchRequestSchema.omit({ timeout_ms: true })

/** How many hits a page may have. */
function hitsAskedFor({ k, group_by: groupBy }: z.output<typeof batchedSearchSchema>): number {
  return groupBy === undefined ? k : groupBy.groups * groupBy.hits
}

export const searchBatchSchema = z.strictObject({
  searches: z
    .array(batchedSearchSchema)
    .min(1)
    .max(batchSearchesMax)
    .refine(
      searches => searches.reduce((sum, search) => sum + hitsAskedFor(search), 0) <= batchHitsMax,
      `ask for more than ${batchHitsMax} hits together; lower their k or group_by, or send several batches`,
    )
    .describe(
      `Each as of a request of its own, without \`timeout_ms\`. Their \`k\` together: at most ${batchHitsMax}.`,
    ),
  timeout_ms: z
    .int()
    .min(1)
    .max(timeoutMsMax)
    .default(searchDefaults.timeout_ms)
    .describe('For all searches together.'),
})

/** As a client writes it. */
export type SearchBatchRequest = Immutable<z.input<typeof searchBatchSchema>>

/** What became of one search: `status` is that of a request of its own. */
export const searchOutcomeSchema = z.union([
  z.object({ status: z.literal(200), answer: searchAnswerSchema }),
  z.object({ status: z.int().min(400), problem: problemSchema }),
])

export const searchBatchAnswerSchema = z.object({
  outcomes: z.array(searchOutcomeSchema).describe('One a search, in their order.'),
  took_ms: milliseconds,
})

export type SearchOutcomeAnswer = Immutable<z.output<typeof searchOutcomeSchema>>

export type SearchBatchAnswer = Immutable<z.output<typeof searchBatchAnswerSchema>>
