import type { explanationSchema } from '@hypershard/contract'
import type { z } from 'zod'
import type { Explanation } from '../search/near/explain.ts'
import { passageOf } from '../search/passage-of.ts'
import type { SearchInput } from '../search/search-input.ts'
import { coverageJson } from './coverage-json.ts'
import { leafScoresJson } from './leaf-scores-json.ts'

/** What the request said. */
export interface Explained {
  readonly id: string
  readonly search: Pick<SearchInput, 'plan' | 'k'>
  readonly tookMs: number
}

/** @param explanation undefined of a document that searches do not see */
export function explanationJson(
  { id, search: { plan, k }, tookMs }: Explained,
  explanation: Explanation | undefined,
): z.input<typeof explanationSchema> {
  if (explanation === undefined) return { id, searchable: false, took_ms: tookMs }
  const { passage, text, failing, rank, candidate, leaves, composed, likeBy } = explanation
  return {
    id,
    searchable: true,
    manifest_version: explanation.manifestVersion,
    shard: explanation.shard,
    score: explanation.score,
    ...(passage && { passage: passageOf(passage, text) }),
    filter: {
      passes: candidate !== null,
      failing: failing.map(({ path, field }) => ({ path, ...(field && { field }) })),
    },
    rank,
    plan,
    candidate,
    on_first_page: onFirstPage(explanation, k),
    ...(leaves && { leaves: [...leaves] }),
    ...leafScoresJson(composed),
    ...(likeBy && { like_by: likeBy }),
    query_truncated: explanation.queryTruncated,
    coverage: coverageJson(explanation.coverage),
    took_ms: tookMs,
  }
}

/** Null where that is not known. */
export function onFirstPage({ candidate, rank }: Pick<Explanation, 'candidate' | 'rank'>, k: number): boolean | null {
  if (candidate !== true) return candidate
  return rank === null ? null : rank <= k
}
