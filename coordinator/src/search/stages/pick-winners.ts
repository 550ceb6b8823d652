import { compareRank, type RequestContext } from '@hypershard/common'
import type { FetchedDocument } from '@hypershard/proto/shard'
import { countCoverage, requireCoverage } from '../count-coverage.ts'
import type { Coverage } from '../coverage.ts'
import type { FanOutOutcome, FanOutRequest } from '../fan-out-request.ts'
import { fetchDocuments } from '../fetch-documents.ts'
import { mergeTopHits } from '../merge-top-hits.ts'
import { withoutLike } from '../near/like.ts'
import type { SearchInput } from '../search-input.ts'
import type { Stopwatch } from '../search-profile.ts'
import type { SearchTrail } from '../search-trail.ts'
import type { FoundHit } from '../shard-answer.ts'
import { fuse } from './fuse.ts'
import type { Pinned } from './plan-fan-out.ts'

interface Found extends Pick<Pinned, 'manifest' | 'cursor'> {
  readonly outcome: FanOutOutcome
  readonly context: RequestContext
  readonly watch: Stopwatch
  readonly trail: SearchTrail
}

/** What ranks best of what was found, and what of it is given. */
export interface Winners {
  /** One more than the page has, where there are more. */
  readonly ranked: readonly FoundHit[]
  readonly winners: readonly FoundHit[]
  readonly coverage: Coverage
  /** By id; undefined when only ids were asked for. */
  readonly documents: ReadonlyMap<string, FetchedDocument> | undefined
}

/**
 * Merge, count coverage, fetch. A shard whose texts nobody gives any more counts as missing, and the others are merged
 * again: every round takes one shard away at least, or is the last.
 */
export async function pickWinners(input: SearchInput, request: FanOutRequest, found: Found): Promise<Winners> {
  const { outcome, context, watch } = found
  const documents = input.idsOnly ? undefined : new Map<string, FetchedDocument>()
  for (;;) {
    const merge = async () => mergeAndCount(input, request, found)
    const { ranked, winners, coverage } = await context.step('merge', merge)
    watch.lap('merge')

    for (const { id, document } of winners) if (document?.id === id) documents?.set(id, document)
    const wanted = documents === undefined ? [] : winners.filter(hit => !documents.has(hit.id))
    const fetched = await context.step('fetch', inner => fetchDocuments(wanted, request, outcome, inner))
    watch.lap('fetch')
    for (const [id, document] of fetched.documents) documents?.set(id, document)
    if (fetched.failures.size === 0) return { ranked, winners, coverage, documents }
    for (const [shard, failure] of fetched.failures) {
      outcome.answers.delete(shard)
      outcome.failures.set(shard, failure)
    }
  }
}

function mergeAndCount(input: SearchInput, request: FanOutRequest, found: Found) {
  const { manifest, outcome, trail } = found
  const ranked = rankHits(input, request, found)
  const coverage = countCoverage(manifest, outcome, request.filter !== undefined)
  trail.coverage = coverage
  requireCoverage(coverage, input.minCoverage)
  return { ranked, winners: ranked.slice(0, input.k), coverage }
}

/** One more than the page has, where there are more. */
function rankHits({ hybrid, like, k }: SearchInput, request: FanOutRequest, { outcome, cursor }: Found): FoundHit[] {
  const answers = [...outcome.answers.values()]
  if (hybrid === undefined) {
    return mergeTopHits(
      answers.map(({ hits }) => withoutLike(hits, like)),
      request.limit,
    )
  }
  const fused = fuse(answers, hybrid)
  const left = cursor === undefined ? fused : fused.filter(hit => compareRank(cursor, hit) < 0)
  return left.slice(0, k + 1)
}
