import { compareRank, HypershardError, type RequestContext, toHypershardError } from '@hypershard/common'
import type { CrossEncoder } from '@hypershard/proto/encoder'
import type { FetchedDocument } from '@hypershard/proto/shard'
import { failureFacts } from '../../failure-facts.ts'
import type { Cursor } from '../cursor.ts'
import type { PairScores } from '../pair-scores.ts'
import { passageOf } from '../passage-of.ts'
import type { RerankOutcome } from '../search-answer.ts'
import type { SearchInput } from '../search-input.ts'
import type { FoundHit } from '../shard-answer.ts'
import { cursorOfGroups } from './group-cursor.ts'
import type { CheckedGroupBy } from './group-hits.ts'
import { type GroupRank, groupRanked } from './group-ranked.ts'
import { firstOf, type RankedPage } from './page-of.ts'
import { pairTextOf } from './pair-text-of.ts'
import type { Winners } from './pick-winners.ts'
import type { Pinned } from './plan-fan-out.ts'
import type { RankedHit } from './ranked-hit.ts'

/** What reorders the best hits of a search, how many of them and how long. */
export interface Reranker {
  readonly model: CrossEncoder
  readonly candidates: number
  /** Undefined for what is left of the search's time. */
  readonly timeoutMs: number | undefined
}

/** Of the time there is, what shards leave for reranking where the search does not say how much, and at most where it does. */
const shareDefault = 0.25
const shareMax = 0.5

/** What is left for the answer, as shards leave it. */
const answerShare = 0.1
const answerMsMax = 200

/** What is asked of the shards. */
export interface FirstStage {
  readonly input: SearchInput
  readonly pinned: Pinned
  /** The page has hits of the window, in the cross-encoder's order if all goes well. */
  readonly inWindow: boolean
}

/**
 * Each page that has hits of the window needs all of it, so the shards are asked from the first hit on; one behind the
 * window is as that of any search. Groups are made of the window alone, and each page of them needs all of it.
 */
export function firstStageOf(input: SearchInput, pinned: Pinned, reranker: Reranker | undefined): FirstStage {
  const { cursor } = pinned
  const behind = cursor !== undefined && cursor.rerank === undefined
  if (reranker === undefined) return { input, pinned, inWindow: false }
  const { candidates } = reranker
  const k = input.groupBy === undefined ? Math.max(candidates, (cursor?.given ?? 0) + input.k) : candidates
  if (behind) return { input: input.groupBy === undefined ? input : { ...input, k }, pinned, inWindow: false }
  return { input: { ...input, k, idsOnly: false }, pinned: { ...pinned, cursor: undefined }, inWindow: true }
}

/** The same request with less time, so that some is left for reranking. */
export function beforeRerank(
  context: RequestContext,
  { inWindow }: Pick<FirstStage, 'inWindow'>,
  reranker: Reranker | undefined,
) {
  if (!inWindow || reranker === undefined) return context
  const { remainingMs } = context.deadline
  const { timeoutMs = remainingMs * shareDefault } = reranker
  return context.earlier(Math.min(timeoutMs, remainingMs * shareMax))
}

export interface Reranking {
  /** As the search was asked for. */
  readonly input: SearchInput
  readonly cursor: Cursor | undefined
  /** Groups of the window instead of hits. */
  readonly groupBy?: CheckedGroupBy | undefined
  readonly reranker: Reranker
  readonly inWindow: boolean
  readonly scores: Pick<PairScores, 'score'>
}

/**
 * The page of a search that is reranked. The window is the first `candidates` hits of the first stage; the cross-encoder's
 * scores order it, and the first stage's order where they are alike. Pages are cut from it as from any list, and what is
 * behind it follows in the first stage's order. Where the scores are late or fail, the first page keeps the first stage's
 * order, and so do all that follow it. A later page of a window that was reranked fails instead: in another order it would
 * give some hits twice and leave others out.
 * @throws HypershardError `cancelled`, and for a later page what scoring throws
 */
export async function rerank(
  winners: Winners,
  reranking: Reranking,
  context: RequestContext,
): Promise<RankedPage & { readonly outcome: RerankOutcome }> {
  const { input, cursor, reranker, inWindow } = reranking
  const { name, digest } = reranker.model
  const none = { model: { name, digest }, reranked: false, documents: 0, truncated: 0, scored: 0 }
  if (!inWindow) {
    const message = 'the page lies behind the candidates, or the first page was not reranked'
    return { ...firstOf(winners, input.k), outcome: { ...none, message } }
  }
  const end = cursor?.rerank?.end ?? winners.ranked.slice(0, reranker.candidates).at(-1)
  if (end === undefined) return { ...asFound(winners, reranking), outcome: none }
  const window = winners.winners.filter(hit => compareRank(hit, end) <= 0)
  try {
    const { ranked, ...counts } = await scoreWindow(window, winners, reranking, context)
    const outcome = { ...none, ...counts, reranked: true, documents: window.length }
    return { ...pageOfWindow(winners, { ranked, end }, reranking), outcome }
  } catch (error) {
    const failure = toHypershardError(error)
    if (context.deadline.cancelled) throw failure
    if (cursor !== undefined) throw ofLaterPage(failure, name)
    context.log.warn({ ...failureFacts(error), model: name, pairs: window.length }, 'reranking failed')
    const { code, message } = failure
    return { ...asFound(winners, reranking), outcome: { ...none, code, message } }
  }
}

/** The page in the order of the first stage. */
function asFound(winners: Winners, { input, groupBy, reranker }: Reranking): RankedPage {
  if (groupBy === undefined) return firstOf(winners, input.k)
  const window = winners.ranked.slice(0, reranker.candidates)
  return firstOf({ ranked: [], groupPage: groupRanked(window, groupBy, compareRank) }, input.k)
}

/** A hit of the window. */
interface Reranked extends FoundHit {
  readonly rerankScore: number
}

interface Window {
  readonly ranked: readonly Reranked[]
  /** Its last hit, as the first stage ranks them. */
  readonly end: Pick<FoundHit, 'score' | 'id'>
}

async function scoreWindow(
  window: readonly FoundHit[],
  { documents }: Winners,
  { input, reranker, scores }: Reranking,
  context: RequestContext,
): Promise<Pick<Window, 'ranked'> & { readonly truncated: number; readonly scored: number }> {
  const { model, timeoutMs } = reranker
  const texts = window.map(hit => pairTextOf(textOf(hit, documents!.get(hit.id)!), model.maxTokens))
  const pairs = { modelDigest: model.digest, query: input.query, texts: texts.map(({ text }) => text) }
  const { remainingMs } = context.deadline
  const leftMs = remainingMs - Math.min(answerMsMax, remainingMs * answerShare)
  const found = await scores.score(pairs, context.within(Math.min(timeoutMs ?? leftMs, leftMs)))
  const ranked = window.map((hit, at) => ({ ...hit, rerankScore: found.scores[at]!.score })).sort(compareReranked)
  const truncated = found.scores.filter((score, at) => score.truncated || texts[at]!.cut).length
  return { ranked, truncated, scored: found.scored }
}

/** Of an index that cuts texts, the passage that scored. */
function textOf({ passage }: FoundHit, { title, text }: FetchedDocument) {
  return { title, text: passage === undefined ? text : (passageOf(passage, text).text ?? '') }
}

function pageOfWindow({ ranked }: Winners, window: Window, { input, cursor, groupBy }: Reranking): RankedPage {
  const { end } = window
  const last = cursor?.rerank && { score: cursor.score, id: cursor.id, rerankScore: cursor.rerank.score }
  if (groupBy !== undefined) {
    const { groups, next } = groupRanked(window.ranked, groupBy, compareReranked, last)
    if (next === undefined) return { hits: [], groups, next }
    const { rerankScore, value, given } = next
    const place = cursorOfGroups({ ...keyOf(next), value, given })
    return { hits: [], groups, next: { ...place, rerank: { score: rerankScore!, end: keyOf(end) } } }
  }
  const left = last === undefined ? window.ranked : window.ranked.filter(hit => compareReranked(last, hit) < 0)
  const behind = ranked.filter(hit => compareRank(hit, end) > 0)
  const all: readonly RankedHit[] = [...left, ...behind]
  const hits = all.slice(0, input.k)
  if (all.length === hits.length) return { hits, next: undefined }
  if (hits.length > left.length) return { hits, next: keyOf(hits.at(-1)!) }
  if (hits.length === left.length) return { hits, next: keyOf(end) }
  const given = left[hits.length - 1]!
  return { hits, next: { ...keyOf(given), rerank: { score: given.rerankScore, end: keyOf(end) } } }
}

function keyOf({ score, id }: Pick<FoundHit, 'score' | 'id'>) {
  return { score, id }
}

/** Of hits that were reranked. */
function compareReranked(a: GroupRank, b: GroupRank): number {
  return b.rerankScore! - a.rerankScore! || compareRank(a, b)
}

function ofLaterPage({ code, message, details }: HypershardError, model: string): HypershardError {
  const why = `the pages before are in the order of \`${model}\`, which gives no scores now: ${message}`
  return new HypershardError(code, `${why}; ask for the page again, or for the first page`, { details })
}
