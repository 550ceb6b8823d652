import { HypershardError } from '@hypershard/common'
import { lineErrorsMax, type PutAnswer, type PutProgress, type WaitMode, waitModes } from '@hypershard/contract'
import { type Command, Option } from 'commander'
import { joinVectors } from '../documents/join-vectors.ts'
import { type DocumentSource, openSource } from '../documents/open-source.ts'
import { vectorColumn } from '../tables/table.ts'
import { shorten, toPlainLine } from '../terminal/fit-text.ts'
import { formatCount, formatCountOf, formatDuration, formatRate } from '../terminal/format-number.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import { renderPairs } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'
import { openVectors, type VectorOptions } from '../vectors/open-vectors.ts'
import type { CommandContext } from './context.ts'
import { addCountCommand } from './count-command.ts'
import { deleteByFilter } from './delete-by-filter.ts'
import { exitCodes } from './exit-codes.ts'
import { addExplainCommand } from './explain-command.ts'
import { addExportCommand } from './export-command.ts'
import { addListCommand } from './list-command.ts'
import { jsonObject } from './parse-option.ts'
import { addPatchCommand } from './patch-command.ts'

const failuresShownMax = 10

/** A document that could not be written: a line of the body, or a file that did not become one. */
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
  const group = program
    .command('documents')
    .description('put, patch, get, count, list, export, explain and delete documents of an index')
  group
    .command('put')
    .argument('<index>', 'an index that exists')
    .argument(
      '<source>',
      'a .jsonl, .md or .txt file, also as .gz, .zst or .br, a .parquet or .arrow file, a folder, or - for standard input',
    )
    .description('write documents; those whose id is in the index already replace the old ones')
    .addOption(waitOption())
    .option('--key <key>', 'an idempotency key: the same documents with the same key are written once')
    .option(
      '--vectors <file>',
      "the documents' vectors, a row each: .npy or safetensors, of 32 or 16 bits, or a column of .parquet or .arrow",
    )
    .option('--tensor <name>', 'which one, where a safetensors file has several; or which column, if not vector')
    .option('--vectors-model <digest>', 'the model that made them; needed unless the index has none')
    .addHelpText(
      'after',
      `
A line of JSONL is one object: "id" (or "_id"), "title", "text", and any other
keys as fields. A folder is searched for .md and .txt files (names that start
with a dot are left out): the id is the path in the folder, the title that of
the front matter, the first heading or the first line. --timeout is how long to
wait without a sign of life.

Each row of a .parquet or .arrow file is a document: the columns id, title and
text, any other as a field, the members of a column fields too, and the lists of
a column vector as --vectors.

With --vectors nothing is encoded: the first line's vector is the first row, and
so on. Blank lines have none. Where there are not as many documents as rows,
nothing is written.

Examples:
  hypershard documents put papers papers.jsonl
  hypershard documents put notes ./notes
  hypershard documents put papers papers.jsonl.gz
  xzcat papers.jsonl.xz | hypershard documents put papers -
  hypershard documents put own papers.jsonl --vectors papers.npy
  hypershard documents put own papers.parquet`,
    )
    .action((index: string, source: string, options: PutOptions) => putDocuments(context, index, source, options))
  group
    .command('get')
    .argument('<index>')
    .argument('<id>')
    .description('show a document as the newest write left it, searchable or not')
    .action((index: string, id: string) => getDocument(context, index, id))
  addExplainCommand(group, context)
  addCountCommand(group, context)
  addListCommand(group, context)
  addExportCommand(group, context)
  addPatchCommand(group, context, waitOption())
  group
    .command('delete')
    .argument('<index>')
    .argument('[ids...]', 'those that do not exist are no error')
    .description('delete documents by id, or those that pass a filter')
    .option('--filter <json>', 'delete every document that passes (docs/api.md, Filters)', jsonObject)
    .addOption(waitOption())
    .action((index: string, ids: string[], options: DeleteOptions) => deleteDocuments(context, index, ids, options))
}

interface WriteOptions {
  readonly wait: WaitMode
  readonly key?: string
}

interface PutOptions extends WriteOptions, VectorOptions {}

function waitOption(): Option {
  const what = 'return once the write cannot be lost (durable), or once searches find it'
  return new Option('--wait <for>', what).choices(waitModes).default('searchable')
}

async function getDocument(context: CommandContext, index: string, id: string): Promise<void> {
  context.answer(
    await context.api().getDocument(index, id),
    ({ title, text, fields, version, tokens, unknown_tokens: unknown, truncated }) => [
      ...renderPairs(
        [
          ['id', id],
          ['version', `${version}`],
          ...(tokens === null ? [] : [['unknown tokens', `${unknown ?? 0} of ${tokens}`] as [string, string]]),
          ...(truncated ? [['read', 'its beginning alone; the model reads no more'] as [string, string]] : []),
          ['title', toPlainLine(title)],
          ...Object.entries(fields).map(([name, value]): [string, string] => [
            name,
            toPlainLine(JSON.stringify(value)),
          ]),
        ],
        context.terminal.out.columns,
      ),
      '',
      ...text.split('\n').map(toPlainLine),
    ],
  )
}

interface DeleteOptions extends WriteOptions {
  readonly filter?: Record<string, unknown>
}

async function deleteDocuments(
  context: CommandContext,
  index: string,
  ids: readonly string[],
  { wait, filter }: DeleteOptions,
): Promise<void> {
  if ((filter === undefined) === (ids.length === 0)) {
    throw new HypershardError('invalid_request', 'give the ids of documents or a --filter, one of the two')
  }
  if (filter !== undefined) return deleteByFilter(context, index, filter, wait)
  const answer = await context.api().deleteDocuments(index, ids, { waitFor: wait })
  context.answer(answer, ({ accepted, sequence }) => [
    `deleted ${formatCountOf(accepted, 'document')} from ${index} (write ${sequence})`,
  ])
}

async function putDocuments(
  context: CommandContext,
  index: string,
  path: string,
  { wait, key, ...given }: PutOptions,
): Promise<void> {
  const source = await openSource(path, context.surroundings.stdin)
  // A table may have the vectors of its documents itself.
  const ownVectors = source.table?.columns.includes(vectorColumn) && { vectors: path }
  const vectors = await openVectors(context.api(), index, { ...ownVectors, ...given })
  const body = vectors === undefined ? source.body : joinVectors(source.body, vectors.file, vectors.modelDigest)
  const progress = new ProgressDisplay(context.terminal.notes, 'indexing')
  try {
    const onProgress = (state: PutProgress) => progress.update(source.workState(state))
    const options = { waitFor: wait, idempotencyKey: key, onProgress }
    const answer = await context.api().putDocuments(index, body, options)
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
    errors: [...files, ...lines].slice(0, lineErrorsMax),
  }
}

function renderResult(result: PutResult, index: string, output: Output): string[] {
  const { accepted, took_ms: tookMs, searchable, repeated, problem, sequence } = result
  const rate = searchable && tookMs > 0 ? ` (${formatRate((accepted / tookMs) * 1_000)})` : ''
  const done = searchable ? 'indexed' : 'wrote'
  const lines = [`${done} ${formatCountOf(accepted, 'document')} into ${index} in ${formatDuration(tookMs)}${rate}`]
  if (repeated) lines.push(`  an earlier attempt with this key had written them, as write ${sequence}`)
  lines.push(...renderUnread(result, output))
  if (problem !== null) {
    lines.push(
      output.style('yellow', `not searchable yet, indexing does not go on: ${problem.code}: ${problem.message}`),
    )
  }
  if (result.failed > 0) lines.push(...renderFailures(result, output))
  return lines
}

function renderUnread({ documents_unreadable: count, unreadable }: PutResult, output: Output): string[] {
  if (count === null || count === 0) return []
  const of = `${formatCountOf(count, 'document')}${count === 1 ? ' says' : ' say'} next to nothing to the model`
  const first = unreadable.map(({ id, tokens, unknown_tokens: unknown }) => {
    const why = tokens === 0 ? 'has no tokens' : `${formatCount(unknown)} of ${formatCount(tokens)} tokens unknown`
    return shorten(`  ${toPlainLine(id)}: ${why}`, output.columns)
  })
  const more = count - unreadable.length
  return [
    output.style('yellow', `${of}; \`hypershard model list\` tells its languages:`),
    ...first,
    ...(more > 0 ? [`  and ${formatCount(more)} more`] : []),
  ]
}

function renderFailures(result: PutResult, output: Output): string[] {
  const shown = result.errors.slice(0, failuresShownMax)
  const lines = [output.style('yellow', `${formatCount(result.failed)} could not be written:`)]
  for (const failure of shown) {
    const where = failure.file ?? `line ${failure.line}`
    const id = failure.file === null && failure.id !== null ? ` (${failure.id})` : ''
    lines.push(shorten(`  ${toPlainLine(`${where}${id}: ${failure.message}`)}`, output.columns))
  }
  const more = result.failed - shown.length
  if (more > 0) lines.push(`  and ${formatCount(more)} more; --json lists up to ${formatCount(lineErrorsMax)}`)
  return lines
}
