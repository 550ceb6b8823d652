import { z } from 'zod'
import { count } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'
import { facetsMax, facetValuesListedMax, facetValuesMax } from './limits.ts'
import { facetLimitDefault } from './vocabulary.ts'

export const facetSchema = z.strictObject({
  field: z.string().describe('One of the fields of the index.'),
  limit: z
    .int()
    .min(1)
    .max(facetValuesListedMax)
    .default(facetLimitDefault)
    .describe('How many values, the most frequent first.'),
})

export const facetsSchema = z
  .array(facetSchema)
  .min(1)
  .max(facetsMax)
  .describe(
    'Count the values of these fields among all documents that pass the filter, hits or not. Exact; a field with more than ' +
      `${facetValuesMax} different values among them is refused.`,
  )

/** A facet of a request. */
export type Facet = Immutable<z.output<typeof facetSchema>>

/** A value of a field, as documents have it; of a date in UTC. */
export const fieldValueSchema = z.union([z.string(), z.number(), z.boolean()])

export const facetAnswerSchema = z.object({
  field: z.string(),
  values: z
    .array(z.object({ value: fieldValueSchema, count: count.describe('Documents that have it.') }))
    .describe('By count descending, then value ascending (keywords by UTF-8 bytes).'),
  distinct: count.describe('How many different values there are, listed or not.'),
})

/** A facet of an answer. */
export type FacetAnswer = Immutable<z.output<typeof facetAnswerSchema>>
