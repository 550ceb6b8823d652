import type { ClusterDescription, EncoderDescription, IndexWithoutModel, ServerDescription } from '@hypershard/contract'
import type { Command } from 'commander'
import { toPlainLine, wrap } from '../terminal/fit-text.ts'
import { formatCount } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'

const unservedShownMax = 5
const messageLinesMax = 6

/** `hypershard cluster`; the command is returned for others to stand under it. */
export function addClusterCommand(program: Command, context: CommandContext): Command {
  return program
    .command('cluster')
    .description('show the servers, whether they live, the shards they hold, and indexes without their model')
    .addHelpText('after', '\nExamples:\n  hypershard cluster\n  hypershard cluster --json')
    .action(async () => {
      context.answer(await context.api().describeCluster(), cluster => renderCluster(cluster, context.terminal.out))
    })
}

function renderCluster(cluster: ClusterDescription, output: Output): string[] {
  const { servers } = cluster
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
  const unserved = renderUnserved(cluster.indexes_without_model ?? [], output)
  const lines = [
    ...cluster.encoders.map(encoder => renderEncoder(encoder, output)),
    ...unserved,
    '',
    ...boldHeading(serverLines, output),
  ]
  return servers.some(server => server.shards.length > 0) ? [...lines, '', ...renderShards(servers, output)] : lines
}

function renderEncoder({ address, draining, models }: EncoderDescription, output: Output): string {
  const state = draining ? `  ${output.style('yellow', 'draining')}` : ''
  const held = models?.map(({ name }) => name).join(', ') ?? output.style('yellow', 'does not answer')
  return `encoder service  ${address}  ${held}${state}`
}

/** What keeps searches of an index from working; nothing when all can be searched. */
export function renderUnserved(unserved: readonly IndexWithoutModel[], output: Output): string[] {
  const shown = unserved.slice(0, unservedShownMax)
  const lines = shown.flatMap(({ message }) => wrap(toPlainLine(message), output.columns, messageLinesMax))
  const more = unserved.length - shown.length
  if (more > 0) lines.push(`and ${formatCount(more)} more indexes; \`hypershard cluster --json\` has all`)
  return lines.length === 0 ? [] : ['', ...lines.map(line => output.style('yellow', line))]
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
