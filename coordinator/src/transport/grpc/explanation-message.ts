import { ExplainDocumentResponse } from '@hypershard/proto/search'
import type { Explained } from '../../answers/explanation-json.ts'
import { onFirstPage } from '../../answers/explanation-json.ts'
import type { Explanation } from '../../search/near/explain.ts'
import { passageOf } from '../../search/passage-of.ts'
import { coverageMessage } from './messages.ts'

/** @param explanation undefined of a document that searches do not see */
export function explanationMessage(
  { id, search, tookMs }: Explained,
  explanation: Explanation | undefined,
): ExplainDocumentResponse {
  if (explanation === undefined) return ExplainDocumentResponse.fromPartial({ id, tookMs })
  const { manifestVersion, shard, score, passage, text, failing, rank, candidate, likeBy, queryTruncated } = explanation
  return {
    id,
    searchable: true,
    manifestVersion,
    shard,
    score: score ?? undefined,
    passage: passage && { text: undefined, ...passageOf(passage, text) },
    passesFilter: candidate !== null,
    failing: failing.map(({ path, field = '' }) => ({ path, field })),
    rank: rank ?? undefined,
    plan: search.plan,
    candidate: candidate ?? undefined,
    onFirstPage: onFirstPage(explanation, search.k) ?? undefined,
    likeBy: likeBy ?? '',
    queryTruncated,
    coverage: coverageMessage(explanation.coverage),
    tookMs,
  }
}
