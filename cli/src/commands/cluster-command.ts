import type { Command } from 'commander'
import type { ClusterDescription, ServerDescription } from '../api/answers.ts'
import { formatCount } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'

/** `hypershard cluster` */
export function addClusterCommand(program: Command, context: CommandContext): void {
  program
    .command('cluster')
    .description('show the servers, whether they live, and the shards they hold')
    .addHelpText('after', '\nExamples:\n  hypershard cluster\n  hypershard cluster --json')
    .action(async () => {
      context.answer(await context.api().describeCluster(), cluster => renderCluster(cluster, context.terminal.out))
    })
}

function renderCluster({ encoder, servers }: ClusterDescription, output: Output): string[] {
  const serverLines = renderTable(
    [
      { title: 'shard server' },
      { title: 'state', flexible: true },
      { title: 'searches', align: 'right' },
      { title: 'shards', align: 'right' },
      { title: 'documents', align: 'right' },
    ],
    servers.map(server => [
      server.address,
      server.live ? 'live' : `down: ${server.down_reason ?? 'no reason given'}`,
      `${server.outstanding}`,
      `${server.shards.length}`,
      formatCount(server.shards.reduce((sum, shard) => sum + shard.documents, 0)),
    ]),
    output.columns,
  )
  const lines = [`encoder service  ${encoder.address}`, '', ...boldHeading(serverLines, output)]
  return servers.some(server => server.shards.length > 0) ? [...lines, '', ...renderShards(servers, output)] : lines
}

function renderShards(servers: readonly ServerDescription[], output: Output): string[] {
  const shards = servers.flatMap(({ address, shards: held }) => held.map(shard => ({ address, ...shard })))
  shards.sort((one, other) => one.index.localeCompare(other.index) || one.shard - other.shard)
  const lines = renderTable(
    [
      { title: 'index', flexible: true },
      { title: 'shard', align: 'right' },
      { title: 'documents', align: 'right' },
      { title: 'held by' },
      { title: 'state' },
    ],
    shards.map(({ index, shard, documents, address, warm }) => [
      index,
      `${shard}`,
      formatCount(documents),
      address,
      warm ? 'warm' : 'not loaded',
    ]),
    output.columns,
  )
  return boldHeading(lines, output)
}
