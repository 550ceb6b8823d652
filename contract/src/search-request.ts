import { z } from 'zod'
import { cursorSchema } from './basic-schemas.ts'
import { likedIdSchema, querySchema } from './expression.ts'
import { facetsSchema } from './facets.ts'
import { groupBySchema } from './group-by.ts'
import { highlightDescription, highlightSchema } from './highlight.ts'
import type { Immutable } from './immutable.ts'
import { hitsMax, timeoutMsMax } from './limits.ts'
import { searchDefaults, searchOptionsSchema } from './search-options.ts'
import { sortSchema } from './sort.ts'
import { qnetSchema, vectorSchema } from './vectors.ts'

const likeSchema = z
  .strictObject({ id: likedIdSchema.describe('Of a document of the index.') })
  .describe(
    'Instead of `query`: documents that are near to this one, without itself. Where the scorer is an inner product its ' +
      'vector is the query; else its title and text are encoded as a query.',
  )

export const searchRequestSchema = z.strictObject({
  query: querySchema.optional(),
  vector: vectorSchema.optional().describe('Of the query, where the scorer is an inner product: instead of `query`.'),
  qnet: qnetSchema.optional(),
  like: likeSchema.optional(),
  k: z.int().min(1).max(hitsMax).default(searchDefaults.k).describe('How many hits a page.'),
  cursor: cursorSchema,
  min_coverage: z
    .number()
    .min(0)
    .max(1)
    .default(searchDefaults.min_coverage)
    .describe('The share of the eligible documents that must have been searched; below it the answer is a 503.'),
  timeout_ms: z.int().min(1).max(timeoutMsMax).default(searchDefaults.timeout_ms).describe('For everything together.'),
  interpret: z
    .boolean()
    .default(false)
    .describe(
      'Beside a text: it is searched as the needs that it joins, as those of "heart or lung cancer", where the model is ' +
        'sure that it finds several. The answer has `interpretation` then.',
    ),
  profile: z.boolean().default(false).describe('Tell where the time went.'),
  ids_only: z.boolean().default(false).describe('Leave title, text and fields out of the hits.'),
  generation: z.int().min(1).optional().describe('Search this generation; load it first with …/compare.'),
  min_sequence: z
    .int()
    .min(0)
    .default(0)
    .describe('`sequence` of a write: the search waits until it sees that write, inside its time limit.'),
  cache: z
    .boolean()
    .default(true)
    .describe(
      'Whether an answer that was kept will do: one to the same request, of the same manifest version. Never with `profile`.',
    ),
  facets: facetsSchema.optional(),
  group_by: groupBySchema.optional(),
  sort: sortSchema.optional(),
  highlight: highlightSchema.optional().describe(highlightDescription),
  ...searchOptionsSchema.shape,
})

/** As a client writes it. */
export type SearchRequest = Immutable<z.input<typeof searchRequestSchema>>
