import type { CountRequest } from '@hypershard/contract'
import type { Command } from 'commander'
import { formatCountOf } from '../terminal/format-number.ts'
import type { CommandContext } from './context.ts'
import { jsonObject } from './parse-option.ts'

/** `hypershard documents count` */
export function addCountCommand(group: Command, context: CommandContext): void {
  group
    .command('count')
    .argument('<index>')
    .description('how many documents searches find, or those of them that pass a filter')
    .option('--filter <json>', 'which documents are counted (docs/api.md, Filters)', jsonObject)
    .action((index: string, { filter }: Pick<CountRequest, 'filter'>) => countDocuments(context, index, filter))
}

async function countDocuments(context: CommandContext, index: string, filter: CountRequest['filter']): Promise<void> {
  const answer = await context.api().countDocuments(index, filter === undefined ? {} : { filter })
  const which = filter === undefined ? '' : ' pass the filter'
  context.answer(answer, ({ count }) => [`${formatCountOf(count, 'document')} of ${index}${which}`])
}
