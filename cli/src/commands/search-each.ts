import {
  batchHitsMax,
  batchSearchesMax,
  groupDefaults,
  type SearchBatchRequest,
  type SearchOutcomeAnswer,
  searchDefaults,
} from '@hypershard/contract'
import { readQueries } from '@hypershard/evaluation'
import { toPlainLine } from '../terminal/fit-text.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { renderAnswer } from './render-search.ts'

interface SharedOptions {
  /** Of every search. */
  readonly rest: Omit<SearchBatchRequest['searches'][number], 'query'>
  readonly limit: Pick<SearchBatchRequest, 'timeout_ms'>
}

type AskedOutcome = SearchOutcomeAnswer & { readonly id: string; readonly query: string }

/** Searches with each query of a file, in batches. A query that fails is told and harms no other. */
export async function searchEach(
  context: CommandContext,
  index: string,
  path: string,
  { rest, limit }: SharedOptions,
): Promise<void> {
  const { queries, expressions } = await readQueries(path)
  const all = [...queries]
  const size = Math.min(batchSearchesMax, Math.floor(batchHitsMax / hitsOf(rest)))
  const outcomes: AskedOutcome[] = []
  for (let start = 0; start < all.length; start += size) {
    const batch = all.slice(start, start + size)
    const searches = batch.map(([id, text]) => ({
      query: expressions.get(id) ?? text,
      ...rest,
    }))
    const answer = await context.api().searchBatch(index, { searches, ...limit })
    outcomes.push(...answer.outcomes.map((outcome, at) => ({ id: batch[at]![0], query: batch[at]![1], ...outcome })))
  }
  if (outcomes.some(({ status }) => status !== 200)) context.exitCode = exitCodes.partial
  const { out } = context.terminal
  context.answer({ outcomes }, () =>
    outcomes.flatMap(({ id, query, ...outcome }) => [
      out.style('bold', toPlainLine(`${id} ${query}`)),
      ...('answer' in outcome
        ? renderAnswer(outcome.answer, out, expressions.get(id) ?? query)
        : [toPlainLine(failureLine(outcome.problem))]),
      '',
    ]),
  )
}

function hitsOf({ k = searchDefaults.k, group_by: groupBy }: SharedOptions['rest']): number {
  return groupBy === undefined ? k : (groupBy.groups ?? groupDefaults.groups) * (groupBy.hits ?? groupDefaults.hits)
}

function failureLine({ code, detail }: { readonly code: string; readonly detail: string }): string {
  return `failed: ${code}: ${detail}`
}
