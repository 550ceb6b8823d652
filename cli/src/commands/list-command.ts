import { type ListRequest, listedDocumentsMax } from '@hypershard/contract'
import type { Command } from 'commander'
import { shorten, toPlainLine } from '../terminal/fit-text.ts'
import { formatCountOf } from '../terminal/format-number.ts'
import type { CommandContext } from './context.ts'
import { jsonObject, wholeNumberIn } from './parse-option.ts'

/** `hypershard documents list` */
export function addListCommand(group: Command, context: CommandContext): void {
  group
    .command('list')
    .argument('<index>')
    .description('one page of the documents that searches find, in the order in which they are stored')
    .option('--filter <json>', 'which documents are listed (docs/api.md, Filters)', jsonObject)
    .option('--limit <n>', 'how many documents a page has at most', wholeNumberIn(1, listedDocumentsMax))
    .option('--cursor <cursor>', 'the page after the one that named this cursor, with the same filter')
    .option('--vectors', 'with their vectors, in what --json gives')
    .action((index: string, options: ListOptions) => listDocuments(context, index, options))
}

interface ListOptions {
  readonly filter?: Record<string, unknown>
  readonly limit?: number
  readonly cursor?: string
  readonly vectors?: true
}

async function listDocuments(context: CommandContext, index: string, options: ListOptions): Promise<void> {
  const { vectors, ...said } = options
  const request: ListRequest = { ...said, ...(vectors && { with: ['text', 'fields', 'vector'] }) }
  const answer = await context.api().listDocuments(index, request)
  context.answer(answer, ({ documents, next_cursor: cursor }) => [
    ...documents.map(({ id, title = '', text = '' }) =>
      shorten(toPlainLine(`${id}  ${title === '' ? text : title}`), context.terminal.out.columns),
    ),
    formatCountOf(documents.length, 'document'),
    ...(cursor === null ? [] : [`next page: --cursor ${cursor}`]),
  ])
}
