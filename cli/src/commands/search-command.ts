import { HypershardError } from '@hypershard/common'
import { hitsMax, type SearchAnswer, type SearchRequest, searchDefaults, timeoutMsMax } from '@hypershard/contract'
import type { Command } from 'commander'
import type { CommandContext } from './context.ts'
import { share, wholeNumberIn } from './parse-option.ts'
import { addPlanOptions, type PlanOptions, planOfRequest } from './plan-options.ts'
import { addQueryOptions, type QueryOptions, searchedFor } from './query-options.ts'
import { renderAnswer } from './render-search.ts'
import { searchEach } from './search-each.ts'
import { addStageOptions, type StageOptions, stagesOfRequest } from './stage-options.ts'

/** `hypershard search` */
export function addSearchCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('search')
    .argument('<index>')
    .argument('[query...]', 'the words of the query, quoted or not')
    .description('search an index')
    .option('--queries <file>', 'search with each query of a file: JSONL with _id and text, or id<TAB>text')
  addQueryOptions(command)
    .option('-k <n>', `how many hits (default: ${searchDefaults.k})`, wholeNumberIn(1, hitsMax))
    .option(
      '--min-coverage <share>',
      `refuse answers of fewer documents than this share (default: ${searchDefaults.min_coverage})`,
      share,
    )
    .option(
      '--timeout-ms <ms>',
      `what the cluster may take (default: ${searchDefaults.timeout_ms})`,
      wholeNumberIn(1, timeoutMsMax),
    )
    .option('--profile', 'show where the time went')
  addStageOptions(addPlanOptions(command))
    .option('--ids-only', 'ids and scores without texts')
    .option('--cursor <cursor>', 'the page after the one that named this cursor')
    .addHelpText(
      'after',
      `
Examples:
  hypershard search papers why do stars twinkle
  hypershard search papers "why do stars twinkle" -k 3 --profile
  hypershard search papers why do stars twinkle --plan exact
  hypershard search papers why do stars twinkle --plan tangent --candidates 100
  hypershard search papers why do stars twinkle --filter '{"field": "year", "gte": 2020}'
  hypershard search papers why do stars twinkle --words "speckle interferometry" --without-words planet
  hypershard search papers why do stars twinkle --facet year --facet venue:5
  hypershard search papers why do stars twinkle --rerank my-cross-encoder --rerank-candidates 100
  hypershard search papers --like doc-17
  hypershard search papers --any "why do stars twinkle" --any "how do tides work"
  hypershard search papers why do stars twinkle --like doc-17 --not "film stars"
  hypershard search papers why do stars twinkle --highlight 2
  hypershard search papers why do stars twinkle --group-by venue --groups 5 --group-hits 2
  hypershard search papers why do stars twinkle --sort year:desc --sort venue
  hypershard search papers --queries queries.jsonl -k 3
  hypershard search papers why do stars twinkle --json | jq -r '.hits[].id'`,
    )
    .action((index: string, words: string[], options: SearchOptions) => search(context, index, words, options))
}

interface SearchOptions extends PlanOptions, StageOptions, QueryOptions {
  readonly queries?: string
  readonly k?: number
  readonly minCoverage?: number
  readonly timeoutMs?: number
  readonly profile?: boolean
  readonly idsOnly?: boolean
  readonly cursor?: string
}

async function search(context: CommandContext, index: string, words: string[], options: SearchOptions): Promise<void> {
  const what = await searchedFor(context, words, options)
  if ((what === undefined) === (options.queries === undefined)) {
    const message = 'give the words of a query, --queries with a file, or what is searched for by other options'
    throw new HypershardError('invalid_request', message)
  }
  const rest = {
    ...(options.k === undefined ? {} : { k: options.k }),
    ...(options.minCoverage === undefined ? {} : { min_coverage: options.minCoverage }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...planOfRequest(options),
    ...stagesOfRequest(options),
    ...(options.idsOnly === undefined ? {} : { ids_only: options.idsOnly }),
    ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
  }
  const limit = options.timeoutMs === undefined ? {} : { timeout_ms: options.timeoutMs }
  if (what === undefined) return searchEach(context, index, options.queries!, { rest, limit })
  const request: SearchRequest = { ...what, ...limit, ...rest }
  const render = (answer: SearchAnswer) => renderAnswer(answer, context.terminal.out, what.query)
  context.answer(await context.api().search(index, request), render)
}
