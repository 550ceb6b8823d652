import { z } from 'zod'
import type { Coverage } from '../search/coverage.ts'

const count = z.int().min(0)

export const coverageSchema = z.object({
  documents_eligible: count.describe('Of the shards, whether they pass the filter or not.'),
  documents_matched: count.describe('That pass the filter, as far as known; all eligible ones without a filter.'),
  documents_scored: count.describe('By the q-net.'),
  documents_scanned: count.describe(
    'Ranked by a tangent of the q-net, of which the best were scored; 0 in the exact plan.',
  ),
  documents_walked: count.describe('Documents of segments searched by graph walk.'),
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

export function coverageJson(coverage: Coverage): z.input<typeof coverageSchema> {
  return {
    documents_eligible: coverage.documentsEligible,
    documents_matched: coverage.documentsMatched,
    documents_scored: coverage.documentsScored,
    documents_scanned: coverage.documentsScanned,
    documents_walked: coverage.documentsWalked,
    ratio: coverage.ratio,
    non_finite_scores: coverage.nonFiniteScores,
    missing: coverage.missing.map(({ documentsMissing, ...shard }) => ({
      ...shard,
      documents_missing: documentsMissing,
    })),
  }
}
