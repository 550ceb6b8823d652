import { z } from 'zod'
import { count } from './basic-schemas.ts'
import type { Immutable } from './immutable.ts'
import { scanCountsSchema } from './scan-counts.ts'

const { documents_scored, documents_scanned, documents_walked } = scanCountsSchema.shape

export const coverageSchema = scanCountsSchema.extend({
  documents_eligible: count.describe('Of the shards, whether they pass the filter or not.'),
  documents_matched: count.describe('That pass the filter, as far as known; all eligible ones without a filter.'),
  documents_scored: documents_scored.describe('By the q-net.'),
  documents_scanned: documents_scanned.describe(
    'Ranked by a tangent of the q-net, of which the best were scored; 0 in the exact plan.',
  ),
  documents_walked: documents_walked.describe('Documents of segments searched by graph walk.'),
  ratio: z.number().min(0).max(1),
  non_finite_scores: count,
  missing: z.array(
    z.object({
      shard: count,
      server: z.string(),
      code: z.string(),
      message: z.string(),
      documents_missing: count,
    }),
  ),
})

export type CoverageAnswer = Immutable<z.output<typeof coverageSchema>>
