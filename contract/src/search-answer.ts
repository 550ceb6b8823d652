import { z } from 'zod'
import { count, milliseconds } from './basic-schemas.ts'
import { coverageSchema } from './coverage.ts'
import { facetAnswerSchema, fieldValueSchema } from './facets.ts'
import { highlightOfHitSchema } from './highlight.ts'
import type { Immutable } from './immutable.ts'
import { rerankOutcomeSchema } from './rerank.ts'
import { scanCountsSchema } from './scan-counts.ts'
import { searchPlans, shardPlans } from './search-options.ts'

/** Why the search of a shard ended. */
const stopReasons = ['complete', 'deadline', 'cancelled'] as const

export type StopReasonName = (typeof stopReasons)[number]

export const passageOfHitSchema = z.object({
  begin: count.describe('In `text`, in code points.'),
  end: count.describe('The code point after the last.'),
  text: z.string().optional().describe('Left out with `ids_only`.'),
})

export const hitSchema = z.object({
  id: z.string(),
  score: z.number().nullable().describe('Null when it is NaN or infinite.'),
  rerank_score: z
    .number()
    .optional()
    .describe('Of the cross-encoder, which such hits are ordered by; not of hits that it did not read.'),
  estimate: z
    .number()
    .optional()
    .describe(
      'With `profile`: about the `score`, by the tangent of the q-net that found it. Not where none ranked it.',
    ),
  title: z.string().optional(),
  text: z.string().optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
  passage: passageOfHitSchema
    .optional()
    .describe("Of a text that was cut into passages: the part that scored best; the hit's score is its score."),
  scores: z
    .object({
      qnet: z.number().nullable().describe('Null when it is NaN or infinite.'),
      lexical: z.number().describe('By BM25; 0 of a document that has none of the words.'),
    })
    .optional()
    .describe('With `hybrid`: what was joined to `score`.'),
  highlight: highlightOfHitSchema.optional().describe('Of a search that asks for it.'),
  leaf: count.optional().describe('Of a composed query: the place in `leaves` of the one that gave the hit its place.'),
  leaf_scores: z
    .array(z.number().nullable())
    .optional()
    .describe('Of a composed query: what each of its leaves says of the document, in deviations above the mean.'),
})

/** Why the call was made that answered for a shard. */
const callReasons = ['first', 'retry', 'hedge'] as const

export type CallReason = (typeof callReasons)[number]

/** What of a document others are near to. */
export const likeWays = ['vector', 'text'] as const

export const searchProfileSchema = z.object({
  encode_ms: milliseconds,
  fan_out_ms: milliseconds,
  merge_ms: milliseconds,
  fetch_ms: milliseconds,
  rerank_ms: milliseconds.optional().describe('Of a search that asks for it.'),
  highlight_ms: milliseconds.optional().describe('Of a search that asks for it.'),
  qnet_bytes: count.describe('The most that a shard server was sent of the query.'),
  query_form: z.enum(['weights', 'token_states']),
  qnet_cached: z.boolean(),
  like_by: z
    .enum(likeWays)
    .optional()
    .describe('With `like`: whether the stored vector was the query, or the text encoded as one.'),
  shards: z.array(
    scanCountsSchema.extend({
      shard: count,
      server: z.string().describe('That answered.'),
      attempts: count.describe('Calls that were made for it.'),
      hedged: z.boolean().describe('Whether one of them was made because another was late.'),
      won_by: z.enum(callReasons).describe('Why the call was made that answered.'),
      plan: z.enum(shardPlans).describe('What the plan came to; `graph` where any segment was walked.'),
      queue_ms: milliseconds,
      head_ms: milliseconds,
      score_ms: milliseconds,
      ship_ms: milliseconds,
      stop_reason: z.enum(stopReasons),
    }),
  ),
})

export const searchAnswerSchema = z.object({
  groups: z
    .array(
      z.object({
        value: fieldValueSchema.nullable().describe('Null: of the documents without one.'),
        hits: z.array(hitSchema),
      }),
    )
    .optional()
    .describe('With `group_by`: by their best hit; of equal ones by their value.'),
  facets: z.array(facetAnswerSchema).optional().describe('One a facet asked for, in their order.'),
  hits: z
    .array(hitSchema)
    .describe(
      'By score descending, then id ascending (UTF-8 bytes); those with a `rerank_score` by that, before the others. ' +
        'None with `group_by`.',
    ),
  coverage: coverageSchema,
  plan: z.enum(searchPlans),
  took_ms: milliseconds,
  manifest_version: count,
  query_truncated: z.boolean(),
  query_tokens: count.describe('Of the query, those that the model read.'),
  query_unknown_tokens: count.describe(
    "Of these, the ones that the model's vocabulary does not have: it cannot tell them apart.",
  ),
  cached: z.boolean().describe('Whether it was kept from an earlier search of the same.'),
  next_cursor: z.string().nullable().describe('Null on the last page.'),
  rerank: rerankOutcomeSchema.optional().describe('Of a search that asks for it.'),
  leaves: z
    .array(z.string())
    .optional()
    .describe('Of a composed query: where its leaves stand, as `any[0]` or `any[1].all[0]`, in their order.'),
  interpretation: z
    .object({ any: z.array(z.string()) })
    .optional()
    .describe('With `interpret`, of a text that was split: the expression that was searched.'),
  profile: searchProfileSchema.optional(),
})

export type Hit = Immutable<z.output<typeof hitSchema>>

export type SearchProfile = Immutable<z.output<typeof searchProfileSchema>>

export type SearchAnswer = Immutable<z.output<typeof searchAnswerSchema>>
