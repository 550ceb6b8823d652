import { setTimeout as wait } from 'node:timers/promises'
import { HypershardError } from '@hypershard/common'
import {
  documentsPerSecondMax,
  type GenerationDescription,
  type ParityReport,
  parityQueriesMax,
  paritySamplesDefault,
  type ReindexRequest,
  shardsAskedMax,
  timeoutMsMax,
} from '@hypershard/contract'
import type { Command } from 'commander'
import { shorten, toPlainLine } from '../terminal/fit-text.ts'
import { formatCount, formatDuration } from '../terminal/format-number.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import type { Output } from '../terminal/terminal.ts'
import { aliasesLeft, moveAliasesOption } from './aliases-left.ts'
import type { CommandContext } from './context.ts'
import { wholeNumberIn } from './parse-option.ts'
import { readSampleQueries } from './read-sample-queries.ts'

const pollMs = 500

/** How many of the queries that are answered most differently are shown. */
const differentShown = 3

interface ReindexOptions {
  readonly model?: string
  readonly shards?: number
  readonly rate?: number
  readonly searchP99?: number
  readonly sampleQueries?: string
  readonly samples: number
  readonly minOverlap?: number
  readonly moveAliases?: boolean
  readonly detach?: boolean
  readonly promote: boolean
}

/** What `hypershard reindex` did. */
interface ReindexResult {
  readonly generation: GenerationDescription
  readonly parity: ParityReport | null
  readonly promoted: boolean
  readonly took_ms: number
}

/** `hypershard reindex` and `hypershard rollback` */
export function addReindexCommands(program: Command, context: CommandContext): void {
  program
    .command('reindex')
    .argument('<index>', 'an index that exists')
    .description(
      'build another generation of an index, with another model or number of shards, and switch searches to it',
    )
    .option('--model <name>', "a model's name or digest; the default model if left out")
    .option('--shards <n>', 'as many as now if left out', wholeNumberIn(1, shardsAskedMax))
    .option('--rate <n>', 'the most documents encoded a second', wholeNumberIn(1, documentsPerSecondMax))
    .option('--search-p99 <ms>', 'slow down while the slowest searches take longer', wholeNumberIn(1, timeoutMsMax))
    .option('--sample-queries <file>', 'of your users, to calibrate `--recall` with: JSONL, or id<TAB>text')
    .option('--samples <n>', 'queries for the parity report', wholeNumberIn(1, parityQueriesMax), paritySamplesDefault)
    .option('--min-overlap <percent>', 'do not switch below this overlap of the first ten hits', wholeNumberIn(0, 100))
    .option(...moveAliasesOption)
    .option('--detach', 'start it and return')
    .option('--no-promote', 'build it and report, but do not switch')
    .addHelpText(
      'after',
      `
Searches and writes go on meanwhile. The old generation stays, and follows the writes,
until it is dropped: \`hypershard rollback <index>\` goes back to it. Ctrl-C stops watching, not
the work.

Examples:
  hypershard reindex papers --model minilm-dense
  hypershard reindex papers --shards 8 --rate 100 --search-p99 200
  hypershard reindex papers --no-promote && hypershard generation promote papers 2`,
    )
    .action((index: string, options: ReindexOptions) => reindex(context, index, options))
  program
    .command('rollback')
    .argument('<index>')
    .description('let searches use the generation again that they used before the last switch')
    .option(...moveAliasesOption)
    .action(async (index: string, { moveAliases }: { moveAliases?: boolean }) => {
      const answer = await context.api().rollBack(index, moveAliases)
      const left = context.json ? [] : await aliasesLeft(context.api(), answer)
      context.answer(answer, ({ generation, model }) => [
        `${index} is generation ${generation} again, model ${model.name}`,
        ...left,
      ])
    })
}

async function reindex(context: CommandContext, index: string, options: ReindexOptions): Promise<void> {
  const startMs = performance.now()
  const api = context.api()
  const started = await api.startReindex(index, await requestOf(options, context.terminal.notes))
  const { generation } = started
  if (options.detach) {
    return context.answer(started, () => [
      `building generation ${generation} of ${index}, model ${started.model.name}`,
      `  see how far it is with: npx hypershard generation list ${index}`,
    ])
  }
  const built = await follow(context, index, generation)
  const parity = await api.compareGeneration(index, generation, { samples: options.samples })
  const enough = parity.overlap_at_10 * 100 >= (options.minOverlap ?? 0)
  const promoted = options.promote && enough
  const last = promoted ? await api.promoteGeneration(index, generation, options.moveAliases) : built
  const result: ReindexResult = { generation: last, parity, promoted, took_ms: performance.now() - startMs }
  const left = promoted && !context.json ? await aliasesLeft(api, last) : []
  context.answer(result, () => [...renderResult(result, context.terminal.out), ...left])
  if (options.promote && !enough) {
    const found = `overlap ${Math.round(parity.overlap_at_10 * 100)} %, less than ${options.minOverlap} %`
    throw new HypershardError(
      'wrong_phase',
      `generation ${generation} of ${index} was built but not promoted: ${found}`,
    )
  }
}

async function requestOf(
  { model, shards, rate, searchP99, sampleQueries }: ReindexOptions,
  notes: Output,
): Promise<ReindexRequest> {
  return {
    ...(model === undefined ? {} : { model }),
    ...(shards === undefined ? {} : { shards }),
    ...(rate === undefined ? {} : { documents_per_second_max: rate }),
    ...(searchP99 === undefined ? {} : { search_p99_ms_max: searchP99 }),
    ...(sampleQueries === undefined ? {} : { sample_queries: await readSampleQueries(sampleQueries, notes) }),
  }
}

/** Shows how far the generation is until it has caught up. @throws HypershardError `cancelled` when somebody gave it up */
async function follow(context: CommandContext, index: string, generation: number): Promise<GenerationDescription> {
  const display = new ProgressDisplay(context.terminal.notes, `generation ${generation}`)
  try {
    for (;;) {
      const described = await context.api().describeGeneration(index, generation)
      const { progress, phase } = described
      if (progress.caught_up) return described
      if (phase !== 'building' && phase !== 'live') {
        throw new HypershardError('cancelled', `generation ${generation} of ${index} is ${phase}`)
      }
      const done = progress.backfill_done ?? 0
      display.update({ done, total: (progress.backfill_total ?? 0) + progress.lag })
      await wait(pollMs)
    }
  } finally {
    display.end()
  }
}

function renderResult({ generation, parity, promoted, took_ms: tookMs }: ReindexResult, output: Output): string[] {
  const { index, generation: number, model, shards, documents } = generation
  const what = `${formatCount(documents)} documents, model ${model.name}, ${shards} shards`
  const lines = [`built generation ${number} of ${index} in ${formatDuration(tookMs)}: ${what}`]
  if (generation.documents_aside > 0) {
    lines.push(output.style('yellow', `  ${formatCount(generation.documents_aside)} documents could not be encoded`))
  }
  if (parity !== null) lines.push(...renderParity(parity, output))
  if (promoted) lines.push(`searches of ${index} use it now; \`npx hypershard rollback ${index}\` goes back`)
  else lines.push(`not switched; do so with: npx hypershard generation promote ${index} ${number}`)
  return lines
}

function renderParity(parity: ParityReport, output: Output): string[] {
  const overlap = `${(parity.overlap_at_10 * 100).toFixed(1)} %`
  const correlation =
    parity.score_correlation === null ? '' : `, scores correlate ${parity.score_correlation.toFixed(2)}`
  const lines = [
    `  first ten hits shared with the generation before: ${overlap} (${parity.queries} queries)${correlation}`,
  ]
  for (const { query, overlap: shared } of parity.most_different.slice(0, differentShown)) {
    if (shared === 1) continue
    lines.push(shorten(`    ${(shared * 100).toFixed(0).padStart(3)} %  ${toPlainLine(query)}`, output.columns))
  }
  return lines
}
