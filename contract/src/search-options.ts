import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { hybridSchema } from './lexical.ts'
import { candidatesAskedMax, expansionMax } from './limits.ts'
import { rerankSchema } from './rerank.ts'
import { type SearchPlanName, searchDefaults, searchPlans, searchPrecisions } from './vocabulary.ts'

export { type ShardPlanName, shardPlans } from './vocabulary.ts'
export { type SearchPlanName, searchDefaults, searchPlans, searchPrecisions }

/**
 * How a search finds and scores documents, and which: an option that is added here is one of the HTTP body at once, and
 * the gRPC request and the command line do not compile until they have it.
 */
export const searchOptionsSchema = z.strictObject({
  plan: z
    .enum(searchPlans)
    .optional()
    .describe(
      'exact: every document is scored. tangent: every one is ranked by a tangent of the q-net, the best are scored. ' +
        'graph: the tangent leads walks of neighbour graphs. auto: the cheapest of these that finds `recall`. ' +
        `${searchDefaults.plan} when not given.`,
    ),
  recall: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      `With \`auto\`: of the hits of the exact plan, the share to find; ${searchDefaults.recall} when not given.`,
    ),
  candidates: z
    .int()
    .min(1)
    .max(candidatesAskedMax)
    .default(searchDefaults.candidates)
    .describe('With `tangent` and `graph`: how many documents of a shard are scored; never fewer than a page has.'),
  expansion: z
    .int()
    .min(1)
    .max(expansionMax)
    .default(searchDefaults.expansion)
    .describe('With `graph`: rows kept in a walk of a segment; never fewer than a page has.'),
  filter: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'Which documents may be hits: `{"field": …, "equals" | "in" | "exists" | "gt" | "gte" | "lt" | "lte": …}`, or any of ' +
        '`{"must": […], "should": […], "must_not": […]}` of those, and of an index with `lexical` `{"words": "…"}`: those that ' +
        'have these words, one behind the other.',
    ),
  precision: z
    .enum(searchPrecisions)
    .default(searchDefaults.precision)
    .describe('int8: faster, with quantised weights and activations.'),
  hybrid: hybridSchema.optional().describe('Ranks by the words of the query too; of an index with `lexical`.'),
  rerank: rerankSchema.optional().describe('Has a cross-encoder order the best hits anew.'),
})

/** As a request gives them. */
export type SearchOptionsGiven = Immutable<z.input<typeof searchOptionsSchema>>

/** With the defaults; which plan, and what recall, is left to what they say together. */
export type SearchOptions = Immutable<z.output<typeof searchOptionsSchema>>

/** With nothing left open. */
export interface SettledSearchOptions extends Omit<SearchOptions, 'plan' | 'recall'> {
  readonly plan: SearchPlanName
  readonly recall: number
}

export type SearchOptionName = keyof SearchOptions

export const searchOptionNames = searchOptionsSchema.keyof().options
