import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { toUserFileFailure } from '@hypershard/common'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { NamedFinding } from '../doctor/check.ts'
import { countVerdicts, renderFindings } from '../doctor/render-findings.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { hostAndPort } from './parse-option.ts'

/** As the folders of the processes are named; what reads their settings is loaded only when it is asked for. */
const processNames = ['coordinator', 'indexer', 'encoder-service', 'shard-server'] as const

interface DoctorOptions {
  readonly also: readonly string[]
  readonly admin: readonly string[]
  readonly config?: (typeof processNames)[number]
  readonly envFile?: string
}

const several = (value: string, before: readonly string[]) => [...before, value]

/** `hypershard doctor` */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('check a running cluster, or the settings of a process before it is started, and say what to do')
    .option('--also <url>', 'another coordinator of the cluster; may be given several times', several, [])
    .option(
      '--admin <host:port>',
      'an admin listener (HYPERSHARD_ADMIN_LISTEN) of a process; may be given several times',
      (value: string, before: readonly string[]) => several(hostAndPort(value), before),
      [],
    )
    .addOption(
      new Option('--config <process>', 'check the settings of this process instead').choices([...processNames]),
    )
    .option(
      '--env-file <file>',
      'with --config: its settings, `NAME=value` a line, in place of those of the environment',
    )
    .addHelpText(
      'after',
      `
Exits with 1 when it finds a problem; advice alone, and what could not be looked at, is no failure.
With --config it writes some small objects to the store, under probes/, and deletes them.

Examples:
  hypershard doctor
  hypershard --url https://one:7700 doctor --also https://two:7700 --admin shard-1:7790
  hypershard doctor --config coordinator --env-file /etc/hypershard/coordinator.env`,
    )
    .action(async (options: DoctorOptions) => {
      const findings = await diagnose(context, options, program.version() ?? '')
      const counts = countVerdicts(findings)
      if (counts.problem > 0) context.exitCode = exitCodes.failure
      context.answer({ findings, counts }, answer => renderFindings(answer.findings, context.terminal.out))
    })
}

async function diagnose(context: CommandContext, options: DoctorOptions, version: string): Promise<NamedFinding[]> {
  const { diagnoseCluster, diagnoseConfiguration } = await import('../doctor/diagnose.ts')
  if (options.config !== undefined) return diagnoseConfiguration(options.config, await environmentOf(context, options))
  const urls = [context.url, ...options.also]
  const coordinators = urls.map(url => ({ url, api: context.api(url) }))
  return diagnoseCluster({ version, coordinators, admins: options.admin })
}

/** Of a file with settings, beside what else a process finds in its environment, such as the credentials of S3. */
async function environmentOf({ surroundings }: CommandContext, { envFile }: DoctorOptions) {
  if (envFile === undefined) return surroundings.environment
  try {
    const others = Object.entries(surroundings.environment).filter(([name]) => !name.startsWith('HYPERSHARD_'))
    return { ...Object.fromEntries(others), ...parseEnv(await readFile(envFile, 'utf8')) }
  } catch (error) {
    throw toUserFileFailure(envFile, 'read', error)
  }
}
