import { compareRank, type RequestContext } from '@hypershard/common'
import type { FetchedDocument } from '@hypershard/proto/shard'
import { countCoverage, requireCoverage } from '../count-coverage.ts'
import type { Coverage } from '../coverage.ts'
import type { FanOutRecord } from '../fan-out-record.ts'
import type { FanOutOutcome, FanOutRequest } from '../fan-out-request.ts'
import { fetchDocuments } from '../fetch-documents.ts'
import { mergeTopHits } from '../merge-top-hits.ts'
import { likedIds, withoutLiked } from '../near/like.ts'
import type { SearchInput } from '../search-input.ts'
import type { Stopwatch } from '../search-profile.ts'
import type { SearchTrail } from '../search-trail.ts'
import type { FoundHit, ShardFailure } from '../shard-answer.ts'
import { earlierByReserve } from './ask-shards.ts'
import { fuse } from './fuse.ts'
import { type GroupPage, groupHits } from './group-hits.ts'
import { groupRanked } from './group-ranked.ts'
import { groupsTheRanked } from './groups-the-ranked.ts'
import type { Pinned } from './plan-fan-out.ts'
import { orderOfHits } from './sort-hits.ts'

interface Found {
  readonly pinned: Pinned
  /** Hits are put into another order later, and into groups only then. */
  readonly isReordered?: boolean
  readonly outcome: FanOutOutcome
  readonly context: RequestContext
  readonly watch: Stopwatch
  readonly trail: SearchTrail
  readonly fanOuts: FanOutRecord
}

/** What ranks best of what was found. */
interface Ranked {
  /** One more than the page has, where there are more. */
  readonly ranked: readonly FoundHit[]
  /** Those of the page, of groups each once. */
  readonly winners: readonly FoundHit[]
  /** The page, where groups were asked for. */
  readonly groupPage?: GroupPage | undefined
}

/** What ranks best, and what of it is given. */
export interface Winners extends Ranked {
  readonly coverage: Coverage
  /** By id; undefined when only ids were asked for. */
  readonly documents: ReadonlyMap<string, FetchedDocument> | undefined
}

/**
 * Count coverage, merge, fetch. A shard that gives no more of its part, hits of groups or texts, counts as missing, and the
 * others are merged again: every round takes one shard away at least, or is the last.
 */
export async function pickWinners(input: SearchInput, request: FanOutRequest, found: Found): Promise<Winners> {
  const { outcome, context, watch } = found
  const documents = input.idsOnly ? undefined : new Map<string, FetchedDocument>()
  for (;;) {
    const merged = await context.step('merge', async inner => {
      const coverage = coverageOf(input, request, found)
      const ranked = await rank(input, request, { ...found, context: inner })
      return 'failures' in ranked ? ranked : { ...ranked, coverage }
    })
    watch.lap('merge')
    if ('failures' in merged) {
      lose(merged.failures, outcome)
      continue
    }

    const { winners } = merged
    for (const { id, document } of winners) if (document?.id === id) documents?.set(id, document)
    const wanted = documents === undefined ? [] : winners.filter(hit => !documents.has(hit.id))
    const fetched = await context.step('fetch', inner => fetchDocuments(wanted, request, outcome, inner))
    watch.lap('fetch')
    for (const [id, document] of fetched.documents) documents?.set(id, document)
    if (fetched.failures.size === 0) return { ...merged, documents }
    lose(fetched.failures, outcome)
  }
}

function lose(failures: ReadonlyMap<number, ShardFailure>, outcome: FanOutOutcome): void {
  for (const [shard, failure] of failures) {
    outcome.answers.delete(shard)
    outcome.failures.set(shard, failure)
  }
}

function coverageOf(input: SearchInput, request: FanOutRequest, { pinned, outcome, trail }: Found): Coverage {
  const coverage = countCoverage(pinned.manifest, outcome, request.filter !== undefined)
  trail.coverage = coverage
  requireCoverage(coverage, input.minCoverage)
  return coverage
}

/** @returns the page, or which shards have failed to give their part of it */
async function rank(
  input: SearchInput,
  request: FanOutRequest,
  found: Found,
): Promise<Ranked | Pick<FanOutOutcome, 'failures'>> {
  const { pinned, outcome, context, fanOuts } = found
  const { groupBy } = pinned
  if (groupBy === undefined || found.isReordered) {
    const ranked = rankHits(input, request, found)
    return { ranked, winners: ranked.slice(0, input.k), groupPage: undefined }
  }
  const groupPage = groupsTheRanked(input)
    ? groupRanked(listOf(input, request, found), groupBy, compareRank)
    : await groupHits(groupBy, request, outcome, { context: earlierByReserve(context), fanOuts })
  if ('failures' in groupPage) return groupPage
  const byId = new Map(groupPage.groups.flatMap(({ hits }) => hits.map(hit => [hit.id, hit] as const)))
  return { ranked: [], winners: [...byId.values()], groupPage }
}

/** One more than the page has, where there are more. */
function rankHits(input: SearchInput, request: FanOutRequest, found: Found): FoundHit[] {
  const merged = mergeOrFuse(input, request, found)
  const { cursor } = found.pinned
  if (input.hybrid === undefined) return merged
  const left = cursor === undefined ? merged : merged.filter(hit => compareRank(cursor, hit) < 0)
  return left.slice(0, input.k + 1)
}

/** What groups are made of: all that was joined, or what a cross-encoder would have read. */
function listOf(input: SearchInput, request: FanOutRequest, found: Found): FoundHit[] {
  return mergeOrFuse(input, request, found).slice(0, input.rerank?.candidates)
}

function mergeOrFuse(input: SearchInput, request: FanOutRequest, { outcome, pinned }: Found): FoundHit[] {
  const answers = [...outcome.answers.values()]
  if (input.hybrid !== undefined) return fuse(answers, input.hybrid)
  const liked = likedIds(input)
  const lists = answers.map(({ hits }) => withoutLiked(hits, liked))
  return mergeTopHits(lists, request.limit, orderOfHits(pinned.sort))
}
