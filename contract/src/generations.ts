import { z } from 'zod'
import { count, modelReferenceSchema } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'
import {
  documentsPerSecondMax,
  hasMoreCharacters,
  parityQueriesMax,
  queryCharactersMax,
  sampleQueriesMax,
  sampleQueriesMin,
  sampleQueryCharactersMax,
  shardsAskedMax,
  timeoutMsMax,
} from './limits.ts'

/**
 * building: being filled, not searched. live: searched, or ready to be. cancelled: given up while being built. dropped:
 * not wanted any more.
 */
export const generationPhases = ['building', 'live', 'cancelled', 'dropped'] as const

export type GenerationPhase = (typeof generationPhases)[number]

/** Queries as users put them. */
export const sampleQueriesSchema = z
  .array(z.string().max(sampleQueryCharactersMax).regex(/\S/, 'must not be blank'))
  .min(sampleQueriesMin)
  .max(sampleQueriesMax)

const rate = z.number().positive().max(documentsPerSecondMax)
const p99 = z.number().positive().max(timeoutMsMax)

export const reindexSchema = z.strictObject({
  model: z.string().min(1).max(256).optional().describe("A model's name or digest; the default model if left out."),
  shards: z.int().min(1).max(shardsAskedMax).optional().describe('As many as now if left out.'),
  documents_per_second_max: rate.optional().describe('The most documents encoded a second.'),
  search_p99_ms_max: p99.optional().describe('Slow down while the slowest searches (p99) take longer than this.'),
  sample_queries: sampleQueriesSchema
    .optional()
    .describe('As users put them, to calibrate graphs with; those of the build that is served now if left out.'),
})

export const generationOrderSchema = z
  .strictObject({
    paused: z.boolean().optional(),
    documents_per_second_max: rate.nullable().optional(),
    search_p99_ms_max: p99.nullable().optional(),
    sample_queries: sampleQueriesSchema
      .nullable()
      .optional()
      .describe(
        'As users put them: graphs built from now on are calibrated with them. null: with queries made of documents.',
      ),
  })
  .refine(order => Object.keys(order).length > 0, 'says nothing')

export const paritySamplesDefault = 50

export const compareSchema = z.strictObject({
  queries: z
    .array(
      z
        .string()
        .min(1)
        .refine(
          text => !hasMoreCharacters(text, queryCharactersMax),
          `must be at most ${queryCharactersMax} characters`,
        )
        .meta({ maxLength: queryCharactersMax }),
    )
    .max(parityQueriesMax)
    .default([])
    .describe('If there are none, some are made of documents.'),
  samples: z
    .int()
    .min(1)
    .max(parityQueriesMax)
    .default(paritySamplesDefault)
    .describe('How many queries to make of documents.'),
})

export const generationSchema = z.object({
  index: z.string(),
  generation: z.int().min(1),
  model: modelReferenceSchema,
  shards: count,
  phase: z.enum(generationPhases),
  paused: z.boolean(),
  names: z.array(z.string()).describe('What searches reach it by.'),
  documents: count,
  documents_aside: count,
  segments: count,
  manifest_version: count,
  sequence: count,
  progress: z.object({
    backfill_total: count
      .nullable()
      .describe('Documents to copy from the generation before; null when it is the first.'),
    backfill_done: count.nullable(),
    lag: count.describe('Operations of the write log that are not in yet.'),
    caught_up: z.boolean(),
    documents_per_second: z.number().min(0),
    seconds_left: z.number().min(0).nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  }),
  documents_per_second_max: z.number().nullable(),
  search_p99_ms_max: z.number().nullable(),
  slowed_to_documents_per_second: z.number().nullable(),
  sample_queries: count.describe(
    'Queries of users, or q-nets where nothing encodes a query, that graphs are calibrated with; 0 for queries made of documents.',
  ),
  segments_to_calibrate: count.describe(
    'Segments whose graph was calibrated with other queries, and which will be written again.',
  ),
  created_at: z.iso.datetime(),
})

export const generationListSchema = z.object({ generations: z.array(generationSchema) })

export const parityReportSchema = z.object({
  queries: count,
  overlap_at_10: z.number().describe('Mean share of the first ten hits that both have.'),
  score_correlation: z.number().nullable().describe('Mean correlation of the scores of hits that both have.'),
  documents_served: count,
  documents_candidate: count,
  most_different: z.array(
    z.object({ query: z.string(), overlap: z.number(), served: z.array(z.string()), candidate: z.array(z.string()) }),
  ),
})

export type ReindexRequest = Immutable<z.input<typeof reindexSchema>>

/** What may be asked of a generation. */
export type GenerationOrder = Immutable<z.input<typeof generationOrderSchema>>

export type CompareRequest = Immutable<z.input<typeof compareSchema>>

/** One build of an index. */
export type GenerationDescription = Immutable<z.output<typeof generationSchema>>

export type GenerationList = Immutable<z.output<typeof generationListSchema>>

export type ParityReport = Immutable<z.output<typeof parityReportSchema>>
