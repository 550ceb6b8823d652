import { setTimeout as wait } from 'node:timers/promises'
import { HypershardError } from '@hypershard/common'
import type { DrainedServer } from '@hypershard/contract'
import type { Command } from 'commander'
import { formatCountOf, formatDuration } from '../terminal/format-number.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'

/** Between two looks at a server that drains. */
const pollMs = 200
/** How long others may take to load its shards when `--timeout` does not say. */
const waitMsDefault = 600_000
/** So many looks in a row found that no coordinator needs it, and shards that nobody else has: nobody can hold them. */
const strandedLooks = 3

/** `hypershard cluster drain` and `undrain` */
export function addDrainCommands(cluster: Command, context: CommandContext): void {
  const server = ['<server>', 'its address, as `hypershard cluster` shows it'] as const
  cluster
    .command('drain')
    .argument(...server)
    .description('have others load what a shard server has, so that it can be taken away without a search noticing')
    .option('--no-wait', 'begin it and return')
    .addHelpText(
      'after',
      `
Waits until no coordinator needs the server any more, ten minutes unless --timeout says
otherwise; Ctrl-C stops watching, not the drain. The server goes on running: stop it then, or
take it back with \`hypershard cluster undrain\`. A server that gets SIGTERM drains by itself.

Examples:
  hypershard cluster drain 10.0.0.5:7710
  hypershard cluster drain 10.0.0.5:7710 --timeout 60000`,
    )
    .action((address: string, options: { readonly wait: boolean }) => drain(context, address, options.wait))
  cluster
    .command('undrain')
    .argument(...server)
    .description('let a shard server that was drained hold shards again')
    .action(async (address: string) => {
      context.answer(await context.api().undrainServer(address), () => [`${address} holds shards again`])
    })
}

async function drain(context: CommandContext, address: string, untilDrained: boolean): Promise<void> {
  const begun = await context.api().drainServer(address)
  if (!untilDrained) {
    context.answer(begun, () => [`${address} is draining`, `  see how far it is with: npx hypershard cluster`])
    return
  }
  const startMs = performance.now()
  const drained = await follow(context, begun)
  const { shards_only_here: stranded } = drained
  context.answer(drained, () => [
    `drained ${address} in ${formatDuration(performance.now() - startMs)}; it can be stopped`,
    ...(stranded === 0 ? [] : [context.terminal.out.style('yellow', strandedLine(stranded))]),
  ])
  if (stranded > 0) context.exitCode = exitCodes.failure
}

function strandedLine(stranded: number): string {
  return `  but ${formatCountOf(stranded, 'shard')} would go with it: no other live server can hold them`
}

/** Shows how many shards it still has to hand over. @throws HypershardError `deadline_exceeded`, `cancelled` */
async function follow(context: CommandContext, begun: DrainedServer): Promise<DrainedServer> {
  const { address, shards_only_here: total } = begun
  const api = context.api()
  const endMs = performance.now() + (context.timeoutMs ?? waitMsDefault)
  const display = new ProgressDisplay(context.terminal.notes, `shards of ${address}`)
  try {
    let unneeded = 0
    for (let state = begun; ; state = await api.describeServer(address)) {
      if (!state.draining)
        throw new HypershardError('cancelled', `${address} is not draining any more: it was undrained`)
      unneeded = state.needed_by === 0 ? unneeded + 1 : 0
      if (unneeded >= (state.shards_only_here === 0 ? 1 : strandedLooks)) return state
      if (performance.now() >= endMs) throw tooLate(state)
      display.update({ done: Math.max(0, total - state.shards_only_here), total })
      await wait(Math.min(pollMs, Math.max(0, endMs - performance.now())))
    }
  } finally {
    display.end()
  }
}

function tooLate({ address, needed_by: neededBy, shards_only_here: left }: DrainedServer): HypershardError {
  const needed = `needed by ${formatCountOf(neededBy, 'coordinator')}, with ${formatCountOf(left, 'shard')} on no other server`
  const message = `${address} is not drained yet: ${needed}; it goes on draining, ask again or allow more with --timeout`
  return new HypershardError('deadline_exceeded', message)
}
