import { HypershardError, isErrorCode } from '@hypershard/common/browser'
import type { SearchAnswer } from '@hypershard/contract'
import { keepRankOrder } from '../runs/keep-rank-order.ts'
import type { Run, ScoredDocument } from '../runs/run.ts'
import { cutQuery } from './cut-query.ts'

/** A failed query is asked again after this long plus a random time of at most the same length. */
const pauseMs = 300

/** What is told of a failure. */
export interface AskProblem {
  readonly code: string
  readonly detail: string
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>
}

export interface AskOptions {
  /** One search; what it throws `problemOf` reads. */
  readonly search: (text: string, id: string) => Promise<SearchAnswer>
  /** Those of the queries whose texts stand for expressions: they are not cut. */
  readonly expressions?: ReadonlyMap<string, unknown>
  readonly problemOf: (error: unknown) => AskProblem
  /** The failure that ends the work, where it is to be another than a `HypershardError` with the code of the first. */
  readonly failureOf?: ((error: unknown, message: string) => Error | undefined) | undefined
  /** Searches under way at a time. */
  readonly concurrency: number
  /** Whether a query that fails is told in the result instead of ending the work; one that is no query always is. */
  readonly allowFailures: boolean
  /** What an error message says at its end where failures are not allowed. */
  readonly failureAdvice: string
  /** Waits before a query is asked again; by default a random time, so that queries that failed together do not return together. */
  readonly pause?: () => Promise<void>
  /** Ends the work with its reason when the searches under way have ended. */
  readonly signal?: AbortSignal | undefined
  /** Throws what ends the work, whatever may fail. */
  readonly checkAnswer: (answer: SearchAnswer) => void
  readonly onProgress: (done: number) => void
}

export interface FailedQuery {
  readonly query: string
  readonly code: string
  readonly message: string
}

export interface AskedQueries {
  /** By id, as they came; without those that failed. */
  readonly answers: ReadonlyMap<string, SearchAnswer>
  /** In the order of the queries; without those that failed. */
  readonly run: Run
  readonly failures: readonly FailedQuery[]
  /** Queries longer than the model reads, or than the coordinator takes. */
  readonly truncated: number
  /** Queries with tokens that the model does not know, or with none. */
  readonly unread: number
  /** Of the index, ascending; more than one when documents were put meanwhile. */
  readonly manifestVersions: readonly number[]
}

/**
 * Asks every query, several at a time, and once more where that may help. An answer of less than all documents is a
 * failure. Without `allowFailures` the first failure ends the work when the searches under way have ended, unless it is
 * the query's own: a blank one among thousands keeps no other from being asked.
 * @param queries texts by id
 * @throws HypershardError the first failure; with `allowFailures` only when no query succeeds
 */
export async function askQueries(queries: ReadonlyMap<string, string>, options: AskOptions): Promise<AskedQueries> {
  const waiting = queries.entries()
  const answers = new Map<string, SearchAnswer>()
  const failures = new Map<string, unknown>()
  let end: unknown
  const askInTurn = async () => {
    for (const [id, text] of waiting) {
      const answer = await askTwice(id, text, options).catch(error => void failures.set(id, error))
      if (answer !== undefined) answers.set(id, answer)
      options.onProgress(answers.size + failures.size)
      try {
        options.signal?.throwIfAborted()
        if (answer !== undefined) options.checkAnswer(answer)
        else if (!options.allowFailures && !isOfQuery(options.problemOf(failures.get(id))))
          throw failureOf(id, failures.get(id), options, options.failureAdvice)
      } catch (error) {
        end ??= error
      }
      if (end !== undefined) return
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.concurrency, queries.size) }, askInTurn))
  const [failed] = failures
  if (failed !== undefined && answers.size === 0)
    end ??= failureOf(...failed, options, 'no other query succeeded either')
  if (end !== undefined) throw end
  return collect([...queries.keys()], answers, failures, options)
}

async function askTwice(id: string, query: string, options: AskOptions): Promise<SearchAnswer> {
  const { search, expressions, problemOf, pause = someTime, signal } = options
  const { text, isCut } = expressions?.has(id) ? { text: query, isCut: false } : cutQuery(query)
  const ask = async () => {
    signal?.throwIfAborted()
    const answer = checkWhole(await search(text, id))
    return isCut ? { ...answer, query_truncated: true } : answer
  }
  try {
    return await ask()
  } catch (error) {
    if (signal?.aborted) throw error
    if (!problemOf(error).retryable) throw error
  }
  await pause()
  return ask()
}

/** Whether the coordinator found fault with the query alone: another one is not refused for that. */
function isOfQuery({ code, details }: AskProblem): boolean {
  const { path, issues = [{ path }] } = details as { path?: unknown; issues?: readonly { path?: unknown }[] }
  const isQuery = (of: unknown) => /^query\b/.test(`${of}`)
  return code === 'invalid_request' && Array.isArray(issues) && issues.every(issue => isQuery(issue.path))
}

async function someTime(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, pauseMs * (1 + Math.random())))
}

/** @throws HypershardError for an answer that is not of all documents, not in the order that was asked for, or not a ranking */
function checkWhole(answer: SearchAnswer): SearchAnswer {
  const { coverage, hits, rerank } = answer
  if (coverage.ratio < 1) {
    const searched = `${coverage.documents_scored} of ${coverage.documents_eligible} documents were searched`
    throw new HypershardError('insufficient_coverage', searched)
  }
  if (rerank?.code !== undefined) {
    throw new HypershardError(
      isErrorCode(rerank.code) ? rerank.code : 'internal',
      `it was not reranked: ${rerank.message ?? rerank.code}`,
    )
  }
  if (new Set(hits.map(({ id }) => id)).size < hits.length) {
    throw new HypershardError('internal', 'the answer has a document twice')
  }
  return answer
}

function failureOf(query: string, error: unknown, options: AskOptions, rest: string): Error {
  const { code, detail, retryable, details } = options.problemOf(error)
  const twice = retryable ? ', also when asked again' : ''
  const message = `query \`${query}\`${twice}: ${detail}; ${rest}`
  const own = options.failureOf?.(error, message)
  if (own !== undefined) return own
  return new HypershardError(isErrorCode(code) ? code : 'internal', message, {
    details: { ...details, query },
    cause: error,
  })
}

function collect(
  ids: readonly string[],
  answers: ReadonlyMap<string, SearchAnswer>,
  failures: ReadonlyMap<string, unknown>,
  { problemOf }: AskOptions,
): AskedQueries {
  const run = new Map<string, readonly ScoredDocument[]>()
  const failed: FailedQuery[] = []
  const versions = new Set<number>()
  let truncated = 0
  let unread = 0
  for (const query of ids) {
    const answer = answers.get(query)
    const failure = failures.get(query)
    if (failure !== undefined) {
      const { code, detail } = problemOf(failure)
      failed.push({ query, code, message: detail })
    }
    if (answer === undefined) continue
    run.set(query, keepRankOrder(answer.hits))
    versions.add(answer.manifest_version)
    if (answer.query_truncated) truncated++
    if (isUnread(answer)) unread++
  }
  return { answers, run, failures: failed, truncated, unread, manifestVersions: [...versions].sort((a, b) => a - b) }
}

/** Whether some of a query, or all, says nothing to the model. */
export function isUnread({ query_tokens: tokens, query_unknown_tokens: unknown }: SearchAnswer): boolean {
  return tokens === 0 || unknown > 0
}
