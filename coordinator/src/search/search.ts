import { type RequestContext, waitWithin } from '@hypershard/common'
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts'
import type { ModelRegistry } from '../catalog/model-registry.ts'
import { pinWords } from '../words/pin-words.ts'
import { AnswerCache } from './answer-cache.ts'
import { chooseReranker } from './choose-reranker.ts'
import { interpretQuery } from './composed/interpret-query.ts'
import { refuseToTenant } from './composed/refuse-to-tenant.ts'
import { type CursorOwner, decodeCursor } from './cursor.ts'
import type { FanOutOutcome } from './fan-out-request.ts'
import { nameOfLike } from './near/like.ts'
import { searchLike } from './near/search-like.ts'
import type { PairScores } from './pair-scores.ts'
import { readFilter } from './read-filter.ts'
import type { RerankOutcome, SearchAnswer } from './search-answer.ts'
import type { SearchInput } from './search-input.ts'
import { profileOf, Stopwatch } from './search-profile.ts'
import type { SearchTrail } from './search-trail.ts'
import type { ShardAnswer } from './shard-answer.ts'
import { type AskingParts, askShards } from './stages/ask-shards.ts'
import { mergeFacets, readFacets } from './stages/count-facets.ts'
import { groupsOfCursor } from './stages/group-cursor.ts'
import { readGroupBy } from './stages/group-hits.ts'
import { groupsTheRanked } from './stages/groups-the-ranked.ts'
import { highlightPage, readHighlight } from './stages/highlight.ts'
import { firstOf, pageOf, type RankedPage } from './stages/page-of.ts'
import { pickWinners, type Winners } from './stages/pick-winners.ts'
import type { Pinned } from './stages/plan-fan-out.ts'
import { beforeRerank, firstStageOf, type Reranking, rerank } from './stages/rerank.ts'
import { readSort } from './stages/sort-hits.ts'

export interface SearchParts extends AskingParts {
  readonly models: Pick<ModelRegistry, 'list' | 'crossEncoders'>
  readonly pairScores: PairScores
  readonly catalog: Catalog
  readonly answers: AnswerCache
}

/**
 * check, interpret the text, pin, read the document that hits are to be like, look among the answers that were kept, ask the shards (encode,
 * route, fan out), pick the winners (merge, count coverage, fetch), rerank, give the page, highlight, sum up facets. One manifest
 * version for every shard of one answer, and for every page of one cursor.
 * @throws HypershardError `index_not_found`, `document_not_found` (`like`), `invalid_cursor`, `invalid_request` (the filter, words that are not kept),
 *   `forbidden` (a tenant's that is composed), `insufficient_coverage`, `model_not_served`, and what its steps throw
 */
export async function search(
  asked: SearchInput,
  context: RequestContext,
  parts: SearchParts,
  trail: SearchTrail = {},
): Promise<SearchAnswer> {
  trail.watch ??= new Stopwatch()
  const { watch } = trail
  const reranker = await chooseReranker(asked, parts.models, context.deadline)
  const settled =
    reranker === undefined ? asked : { ...asked, rerank: { ...asked.rerank!, model: reranker.model.digest } }
  const { generation } = entryOf(settled, parts)
  const { input: read, interpretation } = await interpretQuery(settled, generation, context, parts)
  if (interpretation !== undefined) watch.lap('encode')
  const { pinned, owner } = await pin(read, context, parts)
  const { manifest } = pinned
  const input = await searchLike(read, pinned, context, parts)
  refuseToTenant(input)

  const key = input.cache && !input.profile ? AnswerCache.keyOf(input, manifest) : undefined
  const kept = key === undefined ? undefined : parts.answers.get(key)
  if (kept !== undefined) {
    trail.cached = true
    return { ...kept, interpretation, cached: true, tookMs: watch.totalMs }
  }

  const first = firstStageOf(input, pinned, reranker)
  const shardContext = beforeRerank(context, first, reranker)
  const { query, request, outcome } = await askShards(
    first.input,
    first.pinned,
    { context: shardContext, watch },
    parts,
  )
  Object.assign(trail, { query, outcome })
  if (context.deadline.cancelled) context.deadline.check('merging hits')

  const { fanOuts } = parts
  const winners = await pickWinners(first.input, request, {
    pinned: first.pinned,
    isReordered: first.inWindow,
    outcome,
    context,
    watch,
    trail,
    fanOuts,
  })
  const { cursor } = pinned
  const { groupBy } = pinned
  const reranking = reranker && { input, cursor, groupBy, reranker, inWindow: first.inWindow, scores: parts.pairScores }
  const { outcome: reranked, ...ranked } = await lastStages(winners, input, reranking, { context, watch })
  const documents = input.idsOnly ? undefined : winners.documents
  const page = pageOf(ranked, { documents, estimates: input.profile }, pinned, owner)
  const answer = {
    ...(input.facets && { facets: mergeFacets(pinned.facets, countsOf(outcome)) }),
    ...(await highlighted(page, read, pinned, { context, watch })),
    coverage: winners.coverage,
    plan: input.plan,
    manifestVersion: manifest.version,
    queryTruncated: query.truncated,
    queryTokens: query.tokens,
    queryUnknownTokens: query.unknownTokens,
    cached: false,
    tookMs: watch.totalMs,
    rerank: reranked,
    leaves: input.composed?.leaves.map(({ path }) => path),
    profile: input.profile ? profileOf(query, outcome, watch, input) : undefined,
  }
  if (key !== undefined) parts.answers.keep(key, answer)
  return { ...answer, interpretation }
}

/** Of the shards whose hits are given. */
function countsOf({ answers }: FanOutOutcome): ShardAnswer['facets'][] {
  return [...answers.values()].map(({ facets }) => facets)
}

/** The winners in their last order, and of them the page. */
async function lastStages(
  winners: Winners,
  { k }: SearchInput,
  reranking: Reranking | undefined,
  { context, watch }: { readonly context: RequestContext; readonly watch: Stopwatch },
): Promise<RankedPage & { readonly outcome?: RerankOutcome }> {
  if (reranking === undefined) return firstOf(winners, k)
  const page = await context.step('rerank', inner => rerank(winners, reranking, inner))
  watch.lap('rerank')
  return page
}

async function highlighted<Page extends Parameters<typeof highlightPage>[0]>(
  page: Page,
  input: SearchInput,
  { manifest }: Pinned,
  { context, watch }: { readonly context: RequestContext; readonly watch: Stopwatch },
): Promise<Page> {
  const { highlight } = input
  if (highlight === undefined) return page
  const checked = readHighlight(input, highlight, manifest)
  const found = await context.step('highlight', inner => highlightPage(page, checked, inner))
  watch.lap('highlight')
  return found
}

function entryOf({ index, generation }: SearchInput, { catalog }: Pick<SearchParts, 'catalog'>): CatalogEntry {
  return generation === undefined ? catalog.get(index) : catalog.getGeneration(index, generation)
}

/** Checks what only the index can tell, and holds on to the manifest version that the whole search is of. */
export async function pin(
  input: SearchInput,
  context: RequestContext,
  { catalog }: Pick<SearchParts, 'catalog'>,
): Promise<{ readonly pinned: Pinned; readonly owner: CursorOwner }> {
  const { precision, plan } = input
  const entry = entryOf(input, { catalog })
  const owner: CursorOwner = {
    indexUid: entry.record.uid,
    query: input.own?.name ?? input.composed?.name ?? (input.like && nameOfLike(input.like)) ?? input.query,
    precision,
    plan,
    filter: JSON.stringify(input.filter ?? null),
    ...(input.hybrid && { hybrid: JSON.stringify(input.hybrid) }),
    rerank: input.rerank && { model: input.rerank.model, candidates: input.rerank.candidates },
    groupBy: input.groupBy?.field,
    sort: input.sort && JSON.stringify(input.sort),
  }
  const cursor = input.cursor === undefined ? undefined : decodeCursor(input.cursor, owner)
  const manifest = await waitWithin(catalog.pin(entry, cursor), context.deadline, 'reading the manifest')
  const fields = manifest.fields ?? {}
  const filter = input.filter && readFilter(input.filter, manifest)
  const facets = readFacets(input.facets ?? [], fields)
  const words = input.hybrid && pinWords(input, manifest)
  const groupBy =
    input.groupBy &&
    readGroupBy(input.groupBy, fields, { cursor: cursor && groupsOfCursor(cursor), isOfAll: !groupsTheRanked(input) })
  const sort = readSort(input.sort ?? [], fields)
  return { pinned: { entry, manifest, cursor, filter, facets, words, groupBy, sort }, owner }
}
