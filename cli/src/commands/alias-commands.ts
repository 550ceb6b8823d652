import { HypershardError } from '@hypershard/common'
import type { AliasAction } from '@hypershard/contract'
import type { Command } from 'commander'
import { shorten } from '../terminal/fit-text.ts'
import { renderTable } from '../terminal/render-table.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'

/** `hypershard alias ...` */
export function addAliasCommands(program: Command, context: CommandContext): void {
  const group = program.command('alias').description('names that stand for an index: list, set, remove')
  group
    .command('list')
    .description('list the aliases and what they point at')
    .action(() => listAliases(context))
  group
    .command('set')
    .argument('<alias=index...>', 'index or index@generation; several move in one step')
    .description('add or move aliases')
    .action((orders: string[]) => change(context, orders.map(parseOrder)))
  group
    .command('remove')
    .argument('<alias...>')
    .description('remove aliases')
    .action((names: string[]) =>
      change(
        context,
        names.map(alias => ({ remove: { alias } })),
      ),
    )
  group
    .command('history')
    .description('what changed the aliases, newest first')
    .action(() => showHistory(context))
}

/** @throws HypershardError `invalid_request` */
function parseOrder(text: string): AliasAction {
  const match = /^([^=@]+)=([^=@]+)(?:@([1-9]\d{0,8}))?$/.exec(text)
  if (match === null) {
    throw new HypershardError('invalid_request', `\`${text}\` is not alias=index or alias=index@generation`)
  }
  const [, alias, index, generation] = match
  const target = generation === undefined ? {} : { generation: Number(generation) }
  return { add: { alias: alias!, index: index!, ...target } }
}

async function change(context: CommandContext, actions: readonly AliasAction[]): Promise<void> {
  const table = await context.api().changeAliases(actions)
  context.answer(table, ({ version }) => [`aliases changed, version ${version}`])
}

async function listAliases(context: CommandContext): Promise<void> {
  context.answer(await context.api().listAliases(), ({ aliases }) => {
    if (aliases.length === 0) return ['no aliases yet; `npx hypershard alias set <alias>=<index>` makes one']
    const { out } = context.terminal
    const lines = renderTable(
      [
        { title: 'alias', flexible: true },
        { title: 'index', flexible: true },
        { title: 'generation', align: 'right' },
      ],
      aliases.map(({ alias, index, generation }) => [alias, index, `${generation}`]),
      out.columns,
    )
    const problems = aliases.filter(({ problem }) => problem !== null)
    return [
      ...boldHeading(lines, out),
      ...problems.map(({ alias, problem }) => out.style('yellow', shorten(`${alias}: ${problem}`, out.columns))),
    ]
  })
}

async function showHistory(context: CommandContext): Promise<void> {
  context.answer(await context.api().aliasHistory(), ({ versions }) => {
    const lines = renderTable(
      [{ title: 'version', align: 'right' }, { title: 'when' }, { title: 'what', flexible: true }],
      versions.map(({ version, created_at: createdAt, actions }) => [
        `${version}`,
        createdAt.slice(0, 19).replace('T', ' '),
        actions
          .map(({ alias, index, generation }) => `${alias} → ${index === null ? 'nothing' : `${index}@${generation}`}`)
          .join(', '),
      ]),
      context.terminal.out.columns,
    )
    return boldHeading(lines, context.terminal.out)
  })
}
