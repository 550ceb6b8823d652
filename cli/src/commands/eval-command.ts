import type { HypershardClient } from '@hypershard/client'
import { hitsMax, type QueryNode, searchDefaults, timeoutMsMax } from '@hypershard/contract'
import { askQueries, checkRunId, hitJoins, writeRun } from '@hypershard/evaluation'
import { type Command, Option } from 'commander'
import { askFailures } from '../evaluation/ask-failures.ts'
import { type AskedIndex, evaluationAnswer } from '../evaluation/evaluation-answer.ts'
import { type EvalOptions, type IndexSource, planEvaluation } from '../evaluation/plan-evaluation.ts'
import { type EvaluationInputs, readInputs } from '../evaluation/read-inputs.ts'
import { renderEvaluation } from '../evaluation/render-evaluation.ts'
import { requireDocuments } from '../evaluation/require-documents.ts'
import { searchPieces } from '../evaluation/search-pieces.ts'
import { writePerQuery } from '../evaluation/write-per-query.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { commaList, wholeNumberIn } from './parse-option.ts'
import { addPlanOptions } from './plan-options.ts'

const runTag = 'hypershard'

/** `hypershard eval` */
export function addEvalCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('eval')
    .argument('[index]', 'an index that exists; none with --from-run')
    .description('measure how well an index ranks, by queries with relevance judgements')
    .option('--data <folder>', 'a collection in BEIR layout: corpus.jsonl, queries.jsonl, qrels')
    .option('--split <name>', 'which judgements of --data: qrels/<name>.tsv (default: test)')
    .option('--queries <file>', 'JSONL with "_id" and "text" or "query", or id<TAB>text')
    .option('--qrels <file>', 'judgements: TREC with four columns, or BEIR TSV with its header')
    .option('--metrics <list>', 'of nDCG, MRR, MAP, Recall (default: nDCG@10,MRR@10,MAP,Recall@100)', commaList)
    .addOption(
      new Option('--join <how>', 'ask the pieces of composed queries alone, and join their hits here').choices(
        hitJoins,
      ),
    )
    .option('--limit <k>', 'how many hits to ask for (default: 100)', wholeNumberIn(1, hitsMax))
    .option('--run <file>', 'write the hits as a TREC run')
    .option('--from-run <file>', 'judge this TREC run instead of asking a cluster')
    .option('--compare <file>', 'compare with this TREC run, with significance tests')
    .option('--permutations <n>', 'of the test (default: 100000)', wholeNumberIn(1_000, 10_000_000))
    .option('--seed <n>', 'of the test (default: 1)', wholeNumberIn(0, 2 ** 32 - 1))
    .option('--per-query <file>', 'write the values of every query as TSV')
    .option('--concurrency <n>', 'how many queries at a time (default: 4)', wholeNumberIn(1, 64))
    .option(
      '--allow-failures',
      'count queries that fail as 0 instead of giving up; those that are no queries always are',
    )
    .option(
      '--timeout-ms <ms>',
      `what the cluster may take for a query (default: ${searchDefaults.timeout_ms})`,
      wholeNumberIn(1, timeoutMsMax),
    )
  addPlanOptions(command)
    .addHelpText(
      'after',
      `
Means are over all queries with judgements; values are those of trec_eval -c.
docs/evaluation.md has the formats and the formulas.

Examples:
  hypershard eval sample --data sample
  hypershard eval papers --queries queries.jsonl --qrels test.qrels --run fp32.trec
  hypershard eval papers --queries queries.jsonl --qrels test.qrels --precision int8 --compare fp32.trec
  hypershard eval papers --queries either.jsonl --qrels either.tsv --join sum --run sum.trec
  hypershard eval --from-run fp32.trec --qrels test.qrels --metrics nDCG@20,Recall@1000`,
    )
    .action((index: string | undefined, options: EvalOptions) => evaluate(context, index, options))
}

/** plan → read → ask → judge and compare → write → answer. */
async function evaluate(context: CommandContext, index: string | undefined, options: EvalOptions): Promise<void> {
  const plan = planEvaluation(index, options)
  const inputs = await readInputs(plan)
  const asked = plan.source.kind === 'index' ? await askIndex(context, plan.source, inputs) : undefined
  const run = asked?.run ?? inputs.run!
  const answer = evaluationAnswer(plan, inputs, run, asked)
  if (plan.source.kind === 'index' && plan.source.runPath !== undefined) {
    await writeRun(plan.source.runPath, run, runTag)
  }
  if (plan.perQueryPath !== undefined) await writePerQuery(plan.perQueryPath, answer)
  context.answer(answer, () => renderEvaluation(answer, context.terminal.out))
  if (answer.failures.length > 0) context.exitCode = exitCodes.partial
}

async function askIndex(
  context: CommandContext,
  source: IndexSource,
  { queries, expressions, judgements }: EvaluationInputs,
): Promise<AskedIndex> {
  const api = context.api()
  const documents = await requireDocuments(api, source.index)
  const judged = new Map([...queries!].filter(([id]) => judgements.has(id)))
  const progress = new ProgressDisplay(context.terminal.notes, 'evaluating')
  const startMs = performance.now()
  const searchOnce = searchOf(api, source)
  try {
    const asked = await askQueries(judged, {
      ...askFailures,
      search: (text, id) => searchOnce(expressions.get(id) ?? text),
      expressions,
      concurrency: source.concurrency,
      allowFailures: source.allowFailures,
      failureAdvice: '--allow-failures counts such queries as 0',
      checkAnswer: ({ hits }) => {
        // Found out at the first answer, not after the last.
        if (source.runPath !== undefined) for (const { id } of hits) checkRunId(id)
      },
      onProgress: done => progress.update({ done, total: judged.size }),
    })
    return { ...asked, documents, tookMs: performance.now() - startMs }
  } finally {
    progress.end()
  }
}

/** @returns one search of a text, or of an expression */
function searchOf(api: HypershardClient, { index, limit, plan, timeoutMs, join }: IndexSource) {
  const timeout = timeoutMs !== undefined && { timeout_ms: timeoutMs }
  const request = { k: limit, ids_only: true, min_coverage: 1, ...plan, ...timeout }
  const asked = (query: QueryNode) => api.search(index, { ...request, query })
  const joined = join === undefined ? asked : searchPieces({ api, index, request, join })
  return (query: QueryNode) => (typeof query === 'string' ? asked(query) : joined(query))
}
