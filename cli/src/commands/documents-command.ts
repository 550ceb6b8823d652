import type { Command } from 'commander'
import type { PutAnswer } from '../api/answers.ts'
import { type DocumentSource, openSource } from '../documents/open-source.ts'
import { shorten, toPlainLine } from '../terminal/fit-text.ts'
import { formatCount, formatCountOf, formatDuration, formatRate } from '../terminal/format-number.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import type { Output } from '../terminal/terminal.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'

const failuresShownMax = 10
/** As many as the coordinator lists. */
const failuresListedMax = 1_000

/** A document that could not be indexed: a line of the body, or a file that did not become one. */
export interface FailedDocument {
  readonly line: number | null
  readonly file: string | null
  readonly id: string | null
  readonly code: string
  readonly message: string
}

/** The coordinator's answer, with what failed before it got there counted in. */
export interface PutResult extends Omit<PutAnswer, 'errors'> {
  readonly errors: readonly FailedDocument[]
}

/** `hypershard documents put` */
export function addDocumentsCommand(program: Command, context: CommandContext): void {
  const group = program.command('documents').description('put documents into an index')
  group
    .command('put')
    .argument('<index>', 'an index that exists')
    .argument('<source>', 'a .jsonl, .md or .txt file, a folder, or - for standard input')
    .description('index documents; those whose id is in the index already replace the old ones')
    .addHelpText(
      'after',
      `
A line of JSONL is one object: "id" (or "_id"), "title", "text", and any other
keys as fields. A folder is searched for .md and .txt files (names that start
with a dot are left out): the id is the path in the folder, the title that of
the front matter, the first heading or the first line. --timeout is how long to
wait without a sign of life.

Examples:
  hypershard documents put papers papers.jsonl
  hypershard documents put notes ./notes
  zcat papers.jsonl.gz | hypershard documents put papers -`,
    )
    .action((index: string, source: string) => putDocuments(context, index, source))
}

async function putDocuments(context: CommandContext, index: string, path: string): Promise<void> {
  const source = await openSource(path, context.surroundings.stdin)
  const progress = new ProgressDisplay(context.terminal.notes, 'indexing')
  try {
    const answer = await context.api().putDocuments(index, source.body, state => {
      progress.update(source.workState(state))
    })
    progress.end()
    const result = resultOf(answer, source)
    context.answer(result, () => renderResult(result, index, context.terminal.out))
    if (result.failed > 0) context.exitCode = exitCodes.partial
  } catch (error) {
    progress.end()
    throw error
  }
}

function resultOf(answer: PutAnswer, source: DocumentSource): PutResult {
  const files = source.failedFiles.map(({ file, code, message }) => ({ line: null, file, id: file, code, message }))
  const lines = answer.errors.map(({ line, id, code, message }) => {
    const file = source.fileOfLine(line) ?? null
    return { line: file === null ? line : null, file, id, code, message }
  })
  return {
    ...answer,
    received: answer.received + files.length,
    failed: answer.failed + files.length,
    errors: [...files, ...lines].slice(0, failuresListedMax),
  }
}

function renderResult(result: PutResult, index: string, output: Output): string[] {
  const rate = result.took_ms > 0 ? ` (${formatRate((result.indexed / result.took_ms) * 1_000)})` : ''
  const lines = [
    `indexed ${formatCountOf(result.indexed, 'document')} into ${index} in ${formatDuration(result.took_ms)}${rate}`,
  ]
  if (result.superseded > 0) {
    lines.push(`  ${formatCountOf(result.superseded, 'line')} superseded by later ones with the same id`)
  }
  if (result.truncated > 0) {
    lines.push(`  ${formatCount(result.truncated)} longer than the model reads: the vectors are of the beginning`)
  }
  if (result.failed > 0) lines.push(...renderFailures(result, output))
  return lines
}

function renderFailures(result: PutResult, output: Output): string[] {
  const shown = result.errors.slice(0, failuresShownMax)
  const lines = [output.style('yellow', `${formatCount(result.failed)} could not be indexed:`)]
  for (const failure of shown) {
    const where = failure.file ?? `line ${failure.line}`
    const id = failure.file === null && failure.id !== null ? ` (${failure.id})` : ''
    lines.push(shorten(`  ${toPlainLine(`${where}${id}: ${failure.message}`)}`, output.columns))
  }
  const more = result.failed - shown.length
  if (more > 0) lines.push(`  and ${formatCount(more)} more; --json lists up to ${formatCount(failuresListedMax)}`)
  return lines
}
