import type { Command } from 'commander'
import { formatCount, formatCountOf } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import { aliasesLeft, moveAliasesOption } from './aliases-left.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'

/** `hypershard snapshot ...` and `clone`: versions of an index under a name. */
export function addSnapshotCommands(program: Command, context: CommandContext): void {
  const group = program
    .command('snapshot')
    .description('versions of an index under a name: take, list, restore, delete')
  const one = (name: string, description: string, work: (index: string, snapshot: string) => Promise<void>) =>
    group.command(name).argument('<index>').argument('<name>', 'of the snapshot').description(description).action(work)
  group
    .command('list')
    .argument('<index>')
    .description('list the snapshots of an index')
    .action((index: string) => listSnapshots(context, index))
  one('take', 'give the newest version of an index a name, and keep it', async (index, name) => {
    context.answer(await context.api().takeSnapshot(index, name), ({ documents }) => [
      `snapshot ${name} of ${index}: ${formatCountOf(documents, 'document')}`,
    ])
  })
  group
    .command('restore')
    .argument('<index>')
    .argument('<name>', 'of the snapshot')
    .description('let searches see a snapshot; what was written since is not seen any more')
    .option(...moveAliasesOption)
    .action(async (index: string, name: string, { moveAliases }: { moveAliases?: boolean }) => {
      const api = context.api()
      const answer = await api.restoreSnapshot(index, name, moveAliases)
      const left = context.json ? [] : await aliasesLeft(api, answer)
      context.answer(answer, ({ generation, documents }) => [
        `${index} is ${name} again (generation ${generation}, ${formatCountOf(documents, 'document')})`,
        `\`hypershard rollback ${index}\` goes back to what it was`,
        ...left,
      ])
    })
  one('delete', 'delete a snapshot', async (index, name) => {
    await context.api().deleteSnapshot(index, name)
    context.answer({ index, name, deleted: true }, () => [`deleted snapshot ${name} of ${index}`])
  })
  program
    .command('clone')
    .argument('<index>')
    .argument('<new-index>')
    .description('create an index that begins as another, without copying a document')
    .option('--snapshot <name>', 'as this snapshot of it, not as it is now')
    .action(async (index: string, name: string, options: { snapshot?: string }) => {
      context.answer(await context.api().cloneIndex(index, { name, ...options }), ({ documents }) => [
        `index ${name} begins as ${options.snapshot ?? index}, ${formatCountOf(documents, 'document')}`,
      ])
    })
}

async function listSnapshots(context: CommandContext, index: string): Promise<void> {
  context.answer(await context.api().listSnapshots(index), ({ snapshots }) => {
    if (snapshots.length === 0) return [`no snapshots yet; \`npx hypershard snapshot take ${index} <name>\` takes one`]
    const lines = renderTable(
      [
        { title: 'snapshot', flexible: true },
        { title: 'taken' },
        { title: 'documents', align: 'right' },
        { title: 'generation', align: 'right' },
        { title: 'model', flexible: true },
      ],
      snapshots.map(({ name, created_at: createdAt, documents, generation, model }) => [
        ...[name, createdAt.slice(0, 19).replace('T', ' '), formatCount(documents)],
        ...[`${generation}`, model.name],
      ]),
      context.terminal.out.columns,
    )
    return boldHeading(lines, context.terminal.out)
  })
}
