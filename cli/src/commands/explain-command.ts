import { HypershardError } from '@hypershard/common'
import { type ExplainRequest, type Explanation, hitsMax, searchDefaults, timeoutMsMax } from '@hypershard/contract'
import type { Command } from 'commander'
import { toPlainLine } from '../terminal/fit-text.ts'
import { formatCount, formatScore, formatShare } from '../terminal/format-number.ts'
import { renderPairs } from '../terminal/render-table.ts'
import type { CommandContext } from './context.ts'
import { wholeNumberIn } from './parse-option.ts'
import { addPlanOptions, type PlanOptions, planOfRequest } from './plan-options.ts'

interface ExplainOptions extends PlanOptions {
  readonly like?: string
  readonly k?: number
  readonly timeoutMs?: number
}

/** `hypershard documents explain` */
export function addExplainCommand(group: Command, context: CommandContext): void {
  const command = group
    .command('explain')
    .argument('<index>')
    .argument('<id>', 'of a document')
    .argument('[query...]', 'the words of the query, quoted or not')
    .description('tell why a document is found for a query, or is not: its score, its rank, what keeps it out')
    .option('--like <id>', 'the search for what is near to this document, instead of a query')
    .option('-k <n>', `hits of a page (default: ${searchDefaults.k})`, wholeNumberIn(1, hitsMax))
    .option(
      '--timeout-ms <ms>',
      `what the cluster may take (default: ${searchDefaults.timeout_ms})`,
      wholeNumberIn(1, timeoutMsMax),
    )
  addPlanOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  hypershard documents explain papers doc-17 why do stars twinkle
  hypershard documents explain papers doc-17 why do stars twinkle --filter '{"field": "year", "gte": 2020}'`,
    )
    .action((index: string, id: string, words: string[], options: ExplainOptions) =>
      explain(context, { index, id, words }, options),
    )
}

async function explain(
  context: CommandContext,
  { index, id, words }: { readonly index: string; readonly id: string; readonly words: readonly string[] },
  options: ExplainOptions,
): Promise<void> {
  const { like, k, timeoutMs } = options
  if ((like === undefined) === (words.length === 0)) {
    throw new HypershardError('invalid_request', 'give the words of a query or --like with an id, one of the two')
  }
  const request: ExplainRequest = {
    ...(like === undefined ? { query: words.join(' ') } : { like: { id: like } }),
    ...(k === undefined ? {} : { k }),
    ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
    ...planOfRequest(options),
  }
  const render = (answer: Explanation) => renderPairs(linesOf(answer), context.terminal.out.columns)
  context.answer(await context.api().explain(index, id, request), render)
}

function linesOf(answer: Explanation): [string, string][] {
  const { filter, rank, candidate, coverage, passage } = answer
  if (!answer.searchable) return [['searchable', 'not yet, or set aside: `hypershard documents get` shows it']]
  const among = `of ${formatCount(coverage?.documents_matched ?? 0)}`
  const ranked =
    rank == null ? `not known: ${formatShare(coverage?.ratio ?? 0)} could be searched` : `${formatCount(rank)} ${among}`
  return [
    ['score', formatScore(answer.score ?? null)],
    ...(passage?.text === undefined ? [] : [['passage', toPlainLine(passage.text)] as [string, string]]),
    ['rank', filter?.passes === false ? `${ranked}, if it passed the filter` : ranked],
    ...(filter?.failing ?? []).map(({ path, field }): [string, string] => [
      'kept out by',
      field === undefined ? path : `${path} (${field})`,
    ]),
    ...(candidate == null
      ? []
      : [[`plan ${answer.plan}`, candidate ? 'comes to it' : 'does not come to it'] as [string, string]]),
  ]
}
