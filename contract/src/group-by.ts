import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { hitsMax } from './limits.ts'
import { groupDefaults } from './vocabulary.ts'

export { groupDefaults }

export const groupBySchema = z
  .strictObject({
    field: z.string().describe('One of the fields of the index.'),
    groups: z.int().min(1).max(hitsMax).default(groupDefaults.groups).describe('How many groups a page.'),
    hits: z.int().min(1).max(hitsMax).default(groupDefaults.hits).describe('How many hits a group.'),
  })
  .refine(
    ({ groups, hits }) => groups * hits <= hitsMax,
    `asks for more than ${hitsMax} hits, groups times hits; lower one of them`,
  )
  .describe(
    'Groups of hits instead of hits: of the documents that have a value of the field, for each such value, and of those ' +
      'without one together. The groups with the best hit come first. Every document is scored (plan exact), except that ' +
      'with `hybrid` or `rerank` groups are made of the hits that were joined or reranked.',
  )

/** Of a request. */
export type GroupBy = Immutable<z.output<typeof groupBySchema>>
