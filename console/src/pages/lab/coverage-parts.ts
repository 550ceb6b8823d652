import type { CoverageAnswer } from '@hypershard/contract'

/** A part of the documents of a search, for a bar. */
export interface CoveragePart {
  readonly label: string
  readonly value: number
  readonly part: string
}

/** What became of the documents of a search: each is in one part, and together they are all. */
export function coverageParts(coverage: CoverageAnswer): CoveragePart[] {
  const { documents_eligible: eligible, documents_matched, documents_scored, missing } = coverage
  const lost = Math.min(
    eligible,
    missing.reduce((sum, { documents_missing }) => sum + documents_missing, 0),
  )
  const reached = eligible - lost
  // Without a filter all eligible documents match, also those of shards that did not answer.
  const matched = Math.min(documents_matched, reached)
  const scored = Math.min(documents_scored, matched)
  return [
    { label: 'scored by the q-net', value: scored, part: 'part-1' },
    { label: 'ranked, not among the best', value: matched - scored, part: 'part-4' },
    { label: 'kept out by the filter', value: reached - matched, part: 'part-6' },
    { label: 'missing', value: lost, part: 'part-missing' },
  ].filter(({ value, part }) => value > 0 || part === 'part-1')
}
