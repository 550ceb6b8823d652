import type { hitSchema } from '@hypershard/contract'
import type { z } from 'zod'
import type { LeafScores } from '../search/composed/leaf-scores.ts'

/** Nothing of a query that is not composed. */
export function leafScoresJson(found: LeafScores | undefined): Pick<z.input<typeof hitSchema>, 'leaf' | 'leaf_scores'> {
  if (found === undefined) return {}
  const { leaf, scores } = found
  return { leaf, leaf_scores: scores.map(score => (Number.isFinite(score) ? score : null)) }
}
