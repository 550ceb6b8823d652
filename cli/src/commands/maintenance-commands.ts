import { keepMsDefault } from '@hypershard/contract'
import type { Command } from 'commander'
import { shorten, toPlainLine } from '../terminal/fit-text.ts'
import { formatCount, formatCountOf } from '../terminal/format-number.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { wholeNumberIn } from './parse-option.ts'

/** `hypershard verify`, `collect` and `aside`: looking after an index. */
export function addMaintenanceCommands(program: Command, context: CommandContext): void {
  program
    .command('verify')
    .argument('<index>')
    .description('read every byte of an index, check every digest, and count its documents')
    .action((index: string) => verify(context, index))
  program
    .command('collect')
    .alias('gc')
    .argument('<index>')
    .description('tell which files nothing needs any more; indexers delete them by themselves')
    .option('--delete', 'delete them now')
    .option(
      '--keep-minutes <n>',
      'how long a file that nothing needs is kept',
      wholeNumberIn(1, 1_000_000),
      keepMsDefault / 60_000,
    )
    .action((index: string, options: CollectOptions) => collect(context, index, options))
  program
    .command('aside')
    .argument('<index>')
    .description('list the documents that could not be encoded, and why')
    .action((index: string) => listAside(context, index))
}

interface CollectOptions {
  readonly delete?: boolean
  readonly keepMinutes: number
}

async function verify(context: CommandContext, index: string): Promise<void> {
  const found = await context.api().verifyIndex(index)
  const output = context.terminal.out
  context.answer(found, ({ documents, documents_counted: counted, segments, generation, problems }) => [
    `read ${formatCountOf(documents, 'document')} of ${index} (generation ${generation}) in ${formatCountOf(segments, 'segment')}; ` +
      `the manifest counts ${formatCount(counted)}`,
    ...(problems.length === 0
      ? ['everything is as it should be']
      : problems.map(problem => output.style('yellow', problem))),
  ])
  if (found.problems.length > 0) context.exitCode = exitCodes.failure
}

async function collect(context: CommandContext, index: string, options: CollectOptions): Promise<void> {
  const dryRun = !options.delete
  const request = { dry_run: dryRun, keep_ms: options.keepMinutes * 60_000 }
  context.answer(await context.api().collectFiles(index, request), ({ files, keys }) => [
    `${formatCountOf(files, 'file')} of ${index} ${dryRun ? 'would be' : 'were'} deleted`,
    ...keys.slice(0, 20).map(key => `  ${shorten(key, context.terminal.out.columns - 2)}`),
    ...(files > 20 ? [`  and ${formatCount(files - 20)} more`] : []),
  ])
}

async function listAside(context: CommandContext, index: string): Promise<void> {
  context.answer(await context.api().listAside(index), ({ documents }) =>
    documents.length === 0
      ? [`every document of ${index} could be encoded`]
      : documents.map(({ id, code, message }) => toPlainLine(`${id}: ${code}: ${message}`)),
  )
}
