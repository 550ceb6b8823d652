import type { Hit, SearchAnswer } from '@hypershard/contract'
import { isUnread } from '../asking/ask-queries.ts'

/** One query, asked twice. */
export interface AskedTwice {
  readonly id: string
  /** Null of a vector or a q-net, of which nothing was read. */
  readonly text: string | null
  readonly exact: SearchAnswer
  readonly tested: SearchAnswer
}

export interface QueryRecall {
  readonly id: string
  readonly text: string | null
  /** Hits that exact scoring gives, and how many of them were found. */
  readonly hits: number
  readonly found: number
}

/** What is told of many queries; the names are those of `--json`. */
export interface RecallMeasured {
  /** The mean over queries that have hits of the share that was found; null where none has. */
  readonly recall: number | null
  /** Of the mean. */
  readonly standard_error: number | null
  readonly queries: number
  readonly queries_without_hits: number
  /** Of which every hit was found, and of which none was. */
  readonly queries_whole: number
  readonly queries_lost: number
  /** Means a query. */
  readonly documents_scored: number
  readonly exact_documents_scored: number
  /** Medians of the time at the shard servers, with the way there and back, encoding left out. */
  readonly fan_out_ms: number
  readonly exact_fan_out_ms: number
  /** Of the index, ascending; more than one when documents were put meanwhile. */
  readonly manifest_versions: readonly number[]
  readonly queries_truncated: number
  /** With tokens that the model does not know, or with none. */
  readonly queries_with_unknown_tokens: number
  /** Every query, those that lack most first. */
  readonly per_query: readonly QueryRecall[]
}

/** @param asked at least one */
export function measureRecall(asked: readonly AskedTwice[]): RecallMeasured {
  const queries = asked.map(({ id, text, exact, tested }) => ({
    id,
    text,
    hits: exact.hits.length,
    found: countFound(exact.hits, tested.hits),
  }))
  const shares = queries.filter(({ hits }) => hits > 0).map(({ hits, found }) => found / hits)
  const recall = shares.length === 0 ? null : meanOf(shares)
  const answers = asked.flatMap(({ exact, tested }) => [exact, tested])
  const fanOut = (answer: SearchAnswer) => answer.profile!.fan_out_ms
  const scored = (answer: SearchAnswer) => answer.coverage.documents_scored
  return {
    recall,
    standard_error: recall === null ? null : standardError(shares, recall),
    queries: queries.length,
    queries_without_hits: queries.length - shares.length,
    queries_whole: shares.filter(share => share === 1).length,
    queries_lost: shares.filter(share => share === 0).length,
    documents_scored: meanOf(asked.map(({ tested }) => scored(tested))),
    exact_documents_scored: meanOf(asked.map(({ exact }) => scored(exact))),
    fan_out_ms: medianOf(asked.map(({ tested }) => fanOut(tested))),
    exact_fan_out_ms: medianOf(asked.map(({ exact }) => fanOut(exact))),
    manifest_versions: [...new Set(answers.map(answer => answer.manifest_version))].sort((a, b) => a - b),
    queries_truncated: asked.filter(({ exact }) => exact.query_truncated).length,
    queries_with_unknown_tokens: asked.filter(({ text, exact }) => text !== null && isUnread(exact)).length,
    per_query: queries.toSorted((a, b) => b.hits - b.found - (a.hits - a.found)),
  }
}

/** How many of the exact hits are there; in place of one with the score of the last any other with that score will do. */
function countFound(exact: readonly Hit[], tested: readonly Hit[]): number {
  const last = exact.at(-1)?.score
  const better = new Set(exact.filter(({ score }) => score !== last).map(({ id }) => id))
  const asGoodAsLast = new Set(exact.filter(({ score }) => score === last).map(({ id }) => id))
  const found = tested.filter(({ id }) => better.has(id)).length
  const others = tested.filter(({ id, score }) => asGoodAsLast.has(id) || (score === last && !better.has(id))).length
  return found + Math.min(asGoodAsLast.size, others)
}

/** @returns null for one value, which tells nothing of how far they lie apart */
function standardError(values: readonly number[], mean: number): number | null {
  if (values.length < 2) return null
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return Math.sqrt(squares / (values.length - 1) / values.length)
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
