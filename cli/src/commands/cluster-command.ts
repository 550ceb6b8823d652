import type {
  ClusterDescription,
  EncoderDescription,
  IndexWithoutModel,
  ServerDescription,
  ShardMove,
  UnplacedShard,
} from '@hypershard/contract'
import { serverStateOf } from '@hypershard/contract/server-state'
import type { Command } from 'commander'
import { toPlainLine, wrap } from '../terminal/fit-text.ts'
import { formatBytes, formatCount, formatCountOf } from '../terminal/format-number.ts'
import { renderTable } from '../terminal/render-table.ts'
import type { Output } from '../terminal/terminal.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'

const unservedShownMax = 5
const messageLinesMax = 6
const movesShownMax = 20

/** `hypershard cluster`; the command is returned for others to stand under it. */
export function addClusterCommand(program: Command, context: CommandContext): Command {
  return program
    .command('cluster')
    .description(
      'show the servers, whether they live, the shards they hold, those that move, and indexes without their model',
    )
    .addHelpText('after', '\nExamples:\n  hypershard cluster\n  hypershard cluster --json')
    .action(async () => {
      context.answer(await context.api().describeCluster(), cluster => renderCluster(cluster, context.terminal.out))
    })
}

function renderCluster(cluster: ClusterDescription, output: Output): string[] {
  const { servers, view, hedges, retries } = cluster
  const calls = `${formatCount(retries)} retries, ${formatCount(hedges.asked)} hedges, of which ${formatCount(hedges.won)} won`
  const lines = [
    ...cluster.encoders.map(encoder => renderEncoder(encoder, output)),
    `membership       view ${view}  ${calls}`,
    ...renderUnserved(cluster.indexes_without_model ?? [], output),
    '',
    ...boldHeading(renderServers(servers, output), output),
    ...renderDown(servers, output),
    ...renderDevices(servers, output),
  ]
  if (servers.some(server => server.shards.length > 0)) lines.push('', ...renderShards(servers, output))
  return [...lines, ...renderMoves(cluster.moves, output), ...renderUnplaced(cluster.unplaced, output)]
}

function renderServers(servers: readonly ServerDescription[], output: Output): string[] {
  return renderTable(
    [
      { title: 'shard server' },
      { title: 'state', flexible: true },
      { title: 'zone' },
      { title: 'memory free', align: 'right' },
      { title: 'searches', align: 'right' },
      { title: 'shards', align: 'right' },
      { title: 'documents', align: 'right' },
    ],
    servers.map(server => [
      server.address,
      serverStateOf(server),
      server.zone,
      memoryOf(server),
      `${server.outstanding}`,
      `${server.shards.length}`,
      formatCount(server.shards.reduce((sum, shard) => sum + shard.documents, 0)),
    ]),
    output.columns,
  )
}

/** Why servers are down, and since when. */
function renderDown(servers: readonly ServerDescription[], output: Output): string[] {
  return servers.flatMap(({ address, live, down_since, down_reason }) => {
    if (live) return []
    const text = `${address} is down since ${down_since ?? 'unknown'}: ${down_reason ?? 'no reason given'}`
    return wrap(toPlainLine(text), output.columns, messageLinesMax)
  })
}

function memoryOf({ memory_free_bytes, memory_bytes }: ServerDescription): string {
  if (memory_free_bytes === null || memory_bytes === null) return ''
  return `${formatBytes(memory_free_bytes)} of ${formatBytes(memory_bytes)}`
}

/** What lies on the servers' devices, and what the CPU scores because there is no room for it. */
function renderDevices(servers: readonly ServerDescription[], output: Output): string[] {
  return servers.flatMap(({ address, device, device_memory }) => {
    if (!device_memory) return []
    const { held_bytes, limit_bytes, cpu_segments, cpu_bytes } = device_memory
    const held = `${address} holds ${formatBytes(held_bytes)} of ${formatBytes(limit_bytes)} on ${device}`
    if (cpu_segments === 0) return [toPlainLine(held)]
    const text =
      `${held}; its CPU scores ${formatCountOf(cpu_segments, 'segment')} of ${formatBytes(cpu_bytes)} that do not fit: ` +
      'raise HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES or add shard servers'
    return wrap(toPlainLine(text), output.columns, messageLinesMax).map(line => output.style('yellow', line))
  })
}

/** Shards on their way to a server, and those that one has still to let go of. */
function renderMoves(moves: readonly ShardMove[], output: Output): string[] {
  if (moves.length === 0) return []
  const shown = moves.slice(0, movesShownMax)
  const lines = renderTable(
    [
      { title: 'moving', flexible: true },
      { title: 'shard', align: 'right' },
      { title: 'from' },
      { title: 'to' },
      { title: 'since' },
      { title: 'state' },
    ],
    shown.map(({ index, shard, from, to, since, state }) => [
      index,
      `${shard}`,
      from.join(', ') || '-',
      to ?? '-',
      since,
      state,
    ]),
    output.columns,
  )
  const more = moves.length - shown.length
  const rest = more > 0 ? [`and ${formatCount(more)} more moves; \`hypershard cluster --json\` has all`] : []
  return ['', ...boldHeading(lines, output), ...rest]
}

/** Shards that too few servers have memory for. */
function renderUnplaced(unplaced: readonly UnplacedShard[], output: Output): string[] {
  const lines = unplaced.slice(0, unservedShownMax).flatMap(({ index, shard, needed_bytes, placed, replicas }) => {
    const text =
      `shard ${shard} of ${index} needs about ${formatBytes(needed_bytes)}, and ${placed} of ${replicas} servers have ` +
      'the memory: add shard servers or raise HYPERSHARD_SHARD_MEMORY_BYTES'
    return wrap(toPlainLine(text), output.columns, messageLinesMax)
  })
  const more = unplaced.length - Math.min(unplaced.length, unservedShownMax)
  if (more > 0) lines.push(`and ${formatCount(more)} more shards; \`hypershard cluster --json\` has all`)
  return lines.length === 0 ? [] : ['', ...lines.map(line => output.style('yellow', line))]
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
    shards.map(({ index, shard, documents, address, warm, placed }) => [
      index,
      `${shard}`,
      formatCount(documents),
      address,
      stateOfShard(warm, placed),
    ]),
    output.columns,
  )
  return boldHeading(lines, output)
}

function stateOfShard(warm: boolean, placed: boolean): string {
  if (!placed) return warm ? 'warm, moving away' : 'let go of soon'
  return warm ? 'warm' : 'not loaded'
}
