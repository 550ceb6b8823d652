import { documentsPerSecondMax, type GenerationDescription } from '@hypershard/contract'
import type { Command } from 'commander'
import { formatCount, formatCountOf } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { OwnQueryOptions } from '../vectors/read-own-queries.ts'
import { readSampleQNets } from '../vectors/read-sample-qnets.ts'
import { aliasesLeft, moveAliasesOption } from './aliases-left.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'
import { wholeNumberIn } from './parse-option.ts'
import { readSampleQueries } from './read-sample-queries.ts'

const numberMax = 999_999_999

/** `hypershard generation ...`: the generations of an index. */
export function addGenerationCommands(program: Command, context: CommandContext): void {
  const group = program
    .command('generation')
    .description('the generations of an index: list, pause, calibrate, promote, drop')
  group
    .command('list')
    .argument('<index>')
    .description('list the generations of an index and how far they are')
    .action((index: string) => listGenerations(context, index))
  const one = (name: string, description: string, work: (index: string, generation: number) => Promise<unknown>) =>
    group
      .command(name)
      .argument('<index>')
      .argument('<generation>', 'its number', wholeNumberIn(1, numberMax))
      .description(description)
      .action(async (index: string, generation: number) => {
        const answer = (await work(index, generation)) as GenerationDescription
        context.answer(answer, () => [`generation ${generation} of ${index}: ${stateOf(answer)}`])
      })
  const api = () => context.api()
  one('pause', 'stop encoding documents for a generation', (...it) => api().orderGeneration(...it, { paused: true }))
  one('resume', 'go on with a paused generation', (...it) => api().orderGeneration(...it, { paused: false }))
  one('cancel', 'give up a generation that is being built', (...it) => api().cancelGeneration(...it))
  one('drop', 'give up a finished generation that no name points at', (...it) => api().dropGeneration(...it))
  group
    .command('promote')
    .argument('<index>')
    .argument('<generation>', 'its number', wholeNumberIn(1, numberMax))
    .description('let searches use a generation that has caught up')
    .option(...moveAliasesOption)
    .action(async (index: string, generation: number, { moveAliases }: { moveAliases?: boolean }) => {
      const answer = await api().promoteGeneration(index, generation, moveAliases)
      const left = context.json ? [] : await aliasesLeft(api(), answer)
      context.answer(answer, () => [`generation ${generation} of ${index}: ${stateOf(answer)}`, ...left])
    })
  group
    .command('throttle')
    .argument('<index>')
    .argument('<generation>', 'its number', wholeNumberIn(1, numberMax))
    .argument('<rate>', 'documents a second at most; 0 for no limit', wholeNumberIn(0, documentsPerSecondMax))
    .description('limit how fast a generation is built')
    .action(async (index: string, generation: number, rate: number) => {
      const order = { documents_per_second_max: rate === 0 ? null : rate }
      const answer = await api().orderGeneration(index, generation, order)
      context.answer(answer, () => [`generation ${generation} of ${index}: ${stateOf(answer)}`])
    })
  addSampleCommands(group, context)
}

/** What graphs are calibrated with. */
function addSampleCommands(group: Command, context: CommandContext): void {
  group
    .command('sample-queries')
    .argument('<index>')
    .argument('<generation>', 'its number', wholeNumberIn(1, numberMax))
    .argument('<file>', 'JSONL with "_id" and "text", or id<TAB>text')
    .description('calibrate graphs, for `--recall`, with queries of your users')
    .action(async (index: string, generation: number, file: string) => {
      const order = { sample_queries: await readSampleQueries(file, context.terminal.notes) }
      const answer = await context.api().orderGeneration(index, generation, order)
      const { sample_queries: queries, segments_to_calibrate: segments } = answer
      context.answer(answer, () => [
        `generation ${generation} of ${index}: graphs are calibrated with ${queries} queries from now on`,
        ...(segments === 0 ? [] : [`${formatCountOf(segments, 'segment')} with a graph to be written again for that`]),
      ])
    })
  group
    .command('sample-qnets')
    .argument('<index>', 'one without a model')
    .argument('<generation>', 'its number', wholeNumberIn(1, numberMax))
    .description('calibrate graphs, for `--recall`, with q-nets or vectors that your users searched for')
    .option('--query-qnets <file>', 'JSONL with "id" and "qnet"')
    .option('--query-vectors <file>', 'vectors, where the scorer is an inner product, a row each: .npy or safetensors')
    .option('--tensor <name>', 'which one, where a safetensors file has several')
    .option('--none', 'take back those that there are')
    .action(async (index: string, generation: number, options: OwnQueryOptions & { readonly none?: boolean }) => {
      const answer = await context.api().putSampleQNets(index, generation, await readSampleQNets(options))
      const { sample_queries: qnets, segments_to_calibrate: segments } = answer
      context.answer(answer, () => [
        `generation ${generation} of ${index}: graphs are calibrated with ${qnets} q-nets from now on`,
        ...(segments === 0 ? [] : [`${formatCountOf(segments, 'segment')} to be written again for that`]),
      ])
    })
}

async function listGenerations(context: CommandContext, index: string): Promise<void> {
  context.answer(await context.api().listGenerations(index), ({ generations }) => {
    const lines = renderTable(
      [
        { title: 'generation', align: 'right' },
        { title: 'model', flexible: true },
        { title: 'shards', align: 'right' },
        { title: 'documents', align: 'right' },
        { title: 'aside', align: 'right' },
        { title: 'state', flexible: true },
        { title: 'names', flexible: true },
      ],
      generations.map(generation => [
        `${generation.generation}`,
        generation.model.name,
        `${generation.shards}`,
        formatCount(generation.documents),
        formatCount(generation.documents_aside),
        stateOf(generation),
        generation.names.join(', '),
      ]),
      context.terminal.out.columns,
    )
    return boldHeading(lines, context.terminal.out)
  })
}

/** What a generation is doing, in a few words. */
export function stateOf({ phase, paused, progress, ...limits }: GenerationDescription): string {
  if (phase === 'cancelled' || phase === 'dropped') return phase
  const rate = limits.documents_per_second_max
  const words = [phase as string]
  if (paused) words.push('paused')
  if (rate !== null) words.push(`at most ${rate} documents/s`)
  const again = limits.segments_to_calibrate
  if (again > 0) words.push(`${formatCountOf(again, 'segment')} to calibrate`)
  if (progress.caught_up) words.push('caught up')
  else if (progress.backfill_total !== null && progress.backfill_done !== progress.backfill_total) {
    words.push(`${formatCount(progress.backfill_done ?? 0)} of ${formatCount(progress.backfill_total)} copied`)
  } else words.push(`${formatCount(progress.lag)} writes behind`)
  if (progress.problem !== null) words.push(`stuck: ${progress.problem.message}`)
  return words.join(', ')
}
