import type { coverageSchema } from '@hypershard/contract'
import type { z } from 'zod'
import type { Coverage } from '../search/coverage.ts'
import { scanCountsJson } from './scan-counts-json.ts'

export function coverageJson(coverage: Coverage): z.input<typeof coverageSchema> {
  return {
    documents_eligible: coverage.documentsEligible,
    documents_matched: coverage.documentsMatched,
    ...scanCountsJson(coverage),
    ratio: coverage.ratio,
    non_finite_scores: coverage.nonFiniteScores,
    missing: coverage.missing.map(({ documentsMissing, ...shard }) => ({
      ...shard,
      documents_missing: documentsMissing,
    })),
  }
}
