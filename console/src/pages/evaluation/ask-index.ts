import { ClientError, type HypershardClient, ServerProblem } from '@hypershard/client'
import type { SearchAnswer, SearchRequest } from '@hypershard/contract'
import {
  type AskedQueries,
  type AskProblem,
  askQueries,
  checkRunQuery,
  type Judgements,
  measureRecall,
  type Queries,
  type QueriesFile,
  type RecallMeasured,
} from '@hypershard/evaluation/browser'
import type { LabSettings, SearchFilter } from '../lab/lab-state.ts'
import type { AskedIndex } from './kept-run.ts'
import { queriesAskedMax } from './limits.ts'

/** What of the client is needed. */
export type Searcher = Pick<HypershardClient, 'search'>

export interface IndexWish {
  readonly index: string
  readonly settings: LabSettings
  readonly filter: SearchFilter | undefined
  /** Hits a query. */
  readonly limit: number
  readonly concurrency: number
  /** Whether a query that fails counts as 0 instead of ending the work. */
  readonly allowFailures: boolean
}

/** What is asked. */
export interface AskedTexts {
  readonly queries: Queries
  /** Those of the queries that are expressions, which are asked in the place of their texts. */
  readonly expressions: QueriesFile['expressions']
}

export interface Watched {
  readonly signal: AbortSignal
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void
}

/** Something is wrong with what was given, not with the index; the message says what. */
export class UnusableInput extends Error {
  override readonly name = 'UnusableInput'
}

/**
 * Asks every judged query, as `hypershard eval` does. Ends with the signal's reason once it is aborted.
 * @throws UnusableInput for queries and judgements that do not belong together, ServerProblem or NotReachable of the first
 * query that fails where failures are not allowed
 */
export async function askJudged(
  client: Searcher,
  wish: IndexWish,
  { queries, expressions, judgements }: AskedTexts & { readonly judgements: Judgements },
  watched: Watched,
): Promise<{ readonly run: AskedQueries['run']; readonly asked: AskedIndex }> {
  const judged = new Map([...queries].filter(([id]) => judgements.has(id)))
  if (judged.size === 0) throw new UnusableInput('no query is judged: do queries and judgements belong together?')
  checkCount(judged)
  for (const id of judged.keys()) checkRunQuery(id)
  const { index, settings, filter, limit } = wish
  const startMs = performance.now()
  const request = { ...settings, ...(filter && { filter }), k: limit }
  const { run, failures, truncated, unread, manifestVersions } = await ask(
    client,
    wish,
    { queries: judged, expressions },
    request,
    watched,
  )
  const tookMs = performance.now() - startMs
  const facts = { failures, truncated, unread, manifestVersions, tookMs }
  return { run, asked: { index, settings, filter, limit, ...facts } }
}

/**
 * Asks every query as told and once more by the plan `exact`, as `hypershard recall` does: what share of the exact hits the
 * settings find, and at what cost.
 */
export async function askRecall(
  client: Searcher,
  wish: IndexWish,
  { queries, expressions }: AskedTexts,
  { signal, onProgress }: Watched,
): Promise<RecallMeasured & { readonly failures: AskedQueries['failures'] }> {
  if (queries.size === 0) throw new UnusableInput('there are no queries to ask')
  checkCount(queries)
  const { filter, limit } = wish
  const shared = { ...(filter && { filter }), k: limit, profile: true }
  const round = (texts: Queries, how: LabSettings, before: number) =>
    ask(
      client,
      wish,
      { queries: texts, expressions },
      { ...how, ...shared },
      {
        signal,
        onProgress: ({ done }) => onProgress({ done: before + done, total: queries.size + texts.size }),
      },
    )
  // The settings go first: in the second round shard servers have the q-nets already, and queries that fail are known.
  const { answers: tested, failures } = await round(queries, wish.settings, 0)
  const answered = new Map([...queries].filter(([id]) => tested.has(id)))
  const { generation } = wish.settings
  const { answers: exact } = await round(answered, { plan: 'exact', ...(generation && { generation }) }, queries.size)
  const twice = [...exact].map(([id, answer]) => ({
    id,
    text: queries.get(id)!,
    exact: answer,
    tested: tested.get(id)!,
  }))
  return { ...measureRecall(twice), failures }
}

function ask(
  client: Searcher,
  { index, concurrency, allowFailures }: IndexWish,
  { queries, expressions }: AskedTexts,
  request: SearchRequest,
  { signal, onProgress }: Watched,
): Promise<AskedQueries> {
  return askQueries(queries, {
    search: (text, id): Promise<SearchAnswer> => {
      const query = expressions.get(id) ?? text
      return client.search(index, { ...request, query, ids_only: true, min_coverage: 1 }, { signal })
    },
    expressions,
    problemOf,
    failureOf: (error, message) => {
      if (error instanceof ServerProblem) return new ServerProblem({ ...error.problem, detail: message })
      return error instanceof Error ? error : undefined
    },
    concurrency,
    allowFailures,
    failureAdvice: 'nothing was measured; failures can be counted as 0',
    signal,
    checkAnswer: () => {},
    onProgress: done => onProgress({ done, total: queries.size }),
  })
}

function checkCount(queries: Queries): void {
  if (queries.size <= queriesAskedMax) return
  const message = `${queries.size} queries are more than the ${queriesAskedMax} that a page asks; use \`hypershard eval\``
  throw new UnusableInput(message)
}

function problemOf(error: unknown): AskProblem {
  if (error instanceof ServerProblem) return error.problem
  const code = error instanceof ClientError ? error.code : 'internal'
  return {
    code,
    detail: error instanceof Error ? error.message : String(error),
    retryable: code === 'unavailable',
    details: {},
  }
}
