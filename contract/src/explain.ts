import { z } from 'zod'
import { count, milliseconds } from './basic-schemas.ts'
import { coverageSchema } from './coverage.ts'
import type { Immutable } from './immutable.ts'
import { hitSchema, likeWays, passageOfHitSchema } from './search-answer.ts'
import { searchPlans } from './search-options.ts'
import { searchRequestSchema } from './search-request.ts'

/** The search that a document is explained for: what of a search's body says which documents are hits, and in which order. */
export const explainRequestSchema = searchRequestSchema.pick({
  query: true,
  vector: true,
  qnet: true,
  like: true,
  k: true,
  min_coverage: true,
  timeout_ms: true,
  generation: true,
  min_sequence: true,
  plan: true,
  recall: true,
  candidates: true,
  expansion: true,
  filter: true,
  precision: true,
})

/** As a client writes it. */
export type ExplainRequest = Immutable<z.input<typeof explainRequestSchema>>

export const explanationSchema = z.object({
  id: z.string(),
  searchable: z
    .boolean()
    .describe(
      'Whether the version that is searched has it. It may have been put and not be indexed yet, or be set aside: then nothing else is told.',
    ),
  manifest_version: count.optional(),
  shard: count.optional(),
  score: z.number().nullable().optional().describe('As the hit has it, to the bit. Null when it is NaN or infinite.'),
  passage: passageOfHitSchema
    .optional()
    .describe('Of an index with `passages`: the part of its text that scored best.'),
  filter: z
    .object({
      passes: z.boolean(),
      failing: z
        .array(z.object({ path: z.string(), field: z.string().optional() }))
        .describe('The smallest parts of the filter that keep it out, by their place: `filter.must.0`.'),
    })
    .optional(),
  rank: z
    .int()
    .min(1)
    .nullable()
    .optional()
    .describe(
      'By the exact plan, among all documents that pass the filter; the one that it would have where it does not pass. Null ' +
        'where `coverage` is not whole.',
    ),
  plan: z.enum(searchPlans).optional().describe('That was asked for.'),
  candidate: z
    .boolean()
    .nullable()
    .optional()
    .describe('Whether that plan has it scored, so that it can be a hit; null where the filter keeps it out.'),
  on_first_page: z.boolean().nullable().optional().describe('Whether it is a candidate and its rank at most `k`.'),
  leaves: z.array(z.string()).optional().describe('Of a composed query: where its leaves stand.'),
  leaf: hitSchema.shape.leaf,
  leaf_scores: hitSchema.shape.leaf_scores,
  like_by: z.enum(likeWays).optional().describe('With `like`: what of that document was the query.'),
  query_truncated: z.boolean().optional(),
  coverage: coverageSchema.optional().describe('Of the search for its rank.'),
  took_ms: milliseconds,
})

export type Explanation = Immutable<z.output<typeof explanationSchema>>
