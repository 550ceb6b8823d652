import type { HypershardClient } from '@hypershard/client'
import { HypershardError } from '@hypershard/common'
import { hitsMax, type SearchRequest, searchDefaults, timeoutMsMax } from '@hypershard/contract'
import { type AskedQueries, askQueries, type Expression, measureRecall, readQueries } from '@hypershard/evaluation'
import type { Command } from 'commander'
import { askFailures } from '../evaluation/ask-failures.ts'
import { fileAnswer } from '../evaluation/evaluation-answer.ts'
import { requireDocuments } from '../evaluation/require-documents.ts'
import { type RecallAnswer, renderRecall } from '../recall/render-recall.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import { type OwnQuery, type OwnQueryOptions, readOwnQueries } from '../vectors/read-own-queries.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { wholeNumberIn } from './parse-option.ts'
import { addPlanOptions, type PlanOptions, planOfRequest } from './plan-options.ts'

interface RecallOptions extends PlanOptions, OwnQueryOptions {
  readonly queries?: string
  readonly k?: number
  readonly concurrency?: number
  readonly timeoutMs?: number
}

/** `hypershard recall` */
export function addRecallCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('recall')
    .argument('<index>')
    .description('measure how much of what exact scoring finds a cheaper search finds')
    .option('--queries <file>', 'JSONL with "_id" and "text", or id<TAB>text; no judgements are needed')
    .option('--query-vectors <file>', 'vectors instead, a row each: .npy or safetensors')
    .option('--tensor <name>', 'which one, where a safetensors file has several')
    .option('--query-qnets <file>', 'q-nets instead: JSONL with "id" and "qnet"')
    .option('-k <n>', `how many hits (default: ${searchDefaults.k})`, wholeNumberIn(1, hitsMax))
  addPlanOptions(command)
    .option('--concurrency <n>', 'how many queries at a time (default: 1)', wholeNumberIn(1, 64))
    .option(
      '--timeout-ms <ms>',
      `what the cluster may take for a query (default: ${searchDefaults.timeout_ms})`,
      wholeNumberIn(1, timeoutMsMax),
    )
    .addHelpText(
      'after',
      `
Every query is searched for as told, and once more with --plan exact. Without
--plan, --recall and the like it is searched for with --recall ${searchDefaults.recall}.

Examples:
  hypershard recall papers --queries queries.jsonl
  hypershard recall papers --queries queries.jsonl --recall 0.9
  hypershard recall own --query-vectors queries.npy
  hypershard recall papers --queries queries.jsonl --plan graph --expansion 512
  hypershard recall papers --queries queries.jsonl --filter '{"field": "year", "gte": 2020}'`,
    )
    .action((index: string, options: RecallOptions) => recall(context, index, options))
}

async function recall(context: CommandContext, index: string, options: RecallOptions): Promise<void> {
  const { queries, expressions, own, files } = await readAsked(options)
  const { filter, ...how } = planOfRequest(options)
  const filtered = filter === undefined ? {} : { filter }
  const request = { ...(Object.keys(how).length === 0 ? { recall: searchDefaults.recall } : how), ...filtered }
  const { k = searchDefaults.k } = options
  const api = context.api()
  await requireDocuments(api, index)
  const progress = new ProgressDisplay(context.terminal.notes, 'searching')
  try {
    const ask = (texts: typeof queries, searched: Omit<SearchRequest, 'query'>, before: number) =>
      askAll(api, index, { texts, expressions, own }, { ...searched, k }, options, done =>
        progress.update({ done: before + done, total: queries.size + texts.size }),
      )
    // The plan under test goes first: in the second round shard servers have the q-nets already, which saves time.
    // Queries that cannot be asked are known by then.
    const { answers: tested, failures } = await ask(queries, request, 0)
    const answered = new Map([...queries].filter(([id]) => tested.has(id)))
    const { answers: exact } = await ask(answered, { plan: 'exact', ...filtered }, queries.size)
    const asked = [...exact].map(([id, answer]) => {
      return { id, text: own === undefined ? queries.get(id)! : null, exact: answer, tested: tested.get(id)! }
    })
    const answer: RecallAnswer = { index, k, request, ...measureRecall(asked), failures, files }
    context.answer(answer, () => renderRecall(answer, context.terminal.out))
    if (failures.length > 0) context.exitCode = exitCodes.partial
  } finally {
    progress.end()
  }
}

interface Asked {
  readonly texts: ReadonlyMap<string, string>
  /** Those of the texts that are expressions. */
  readonly expressions: ReadonlyMap<string, Expression>
  /** What is asked in the place of the text of the same id. */
  readonly own: ReadonlyMap<string, OwnQuery> | undefined
}

/** @throws HypershardError `invalid_request` */
async function readAsked(options: RecallOptions) {
  const named = [options.queries, options.queryVectors, options.queryQnets].filter(path => path !== undefined)
  if (named.length !== 1) {
    const message = 'say what to search for with one of --queries, --query-vectors and --query-qnets'
    throw new HypershardError('invalid_request', message)
  }
  const own = await readOwnQueries(options)
  if (own !== undefined) {
    return { queries: new Map([...own.keys()].map(id => [id, id])), expressions: new Map(), own, files: [] }
  }
  const { queries, expressions, facts } = await readQueries(named[0]!)
  if (queries.size === 0) throw new HypershardError('invalid_request', `${named[0]} has no queries in it`)
  return { queries, expressions, own, files: [fileAnswer(facts)] }
}

function askAll(
  api: HypershardClient,
  index: string,
  { texts, expressions, own }: Asked,
  request: Omit<SearchRequest, 'query'>,
  { concurrency = 1, timeoutMs }: RecallOptions,
  onProgress: (done: number) => void,
): Promise<AskedQueries> {
  const timeout = timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }
  const common = { ...request, ...timeout, ids_only: true, min_coverage: 1, profile: true }
  return askQueries(texts, {
    ...askFailures,
    search: (text, id) => api.search(index, { ...common, ...(own?.get(id) ?? { query: expressions.get(id) ?? text }) }),
    expressions,
    concurrency,
    onProgress,
    allowFailures: false,
    failureAdvice: 'nothing was measured',
    checkAnswer: () => undefined,
  })
}
