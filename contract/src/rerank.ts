import { z } from 'zod'
import { count, modelReferenceSchema } from './basic-schemas.ts'
import { rerankCandidatesMax, timeoutMsMax } from './limits.ts'
import { rerankDefaults } from './vocabulary.ts'

export { rerankDefaults }

const modelCharactersMax = 256

/** Has a cross-encoder order the best hits anew. */
export const rerankSchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(modelCharactersMax)
    .describe("A cross-encoder's name or digest; GET /v1/models lists them."),
  candidates: z
    .int()
    .min(1)
    .max(rerankCandidatesMax)
    .default(rerankDefaults.candidates)
    .describe('How many of the best hits it reads, each with the query; the others follow in their order.'),
  timeout_ms: z
    .int()
    .min(1)
    .max(timeoutMsMax)
    .optional()
    .describe(
      'What reranking may take, of the time of the whole search; the shards leave it so much, up to half of what there ' +
        'is. When it is late, the hits keep their order. All that is left when not given, of which the shards leave a quarter.',
    ),
})

/** What became of it. */
export const rerankOutcomeSchema = z.object({
  model: modelReferenceSchema,
  reranked: z.boolean().describe("Whether hits of this page are in the cross-encoder's order."),
  documents: count.describe('Hits that it has ordered, on this page and others.'),
  truncated: count.describe('Of these, texts that were longer than it reads beside the query.'),
  code: z.string().optional().describe('Why nothing was reranked; not given where nothing failed.'),
  message: z.string().optional().describe('The same in words, or that the page lies behind the candidates.'),
})
