import { readFileSync } from 'node:fs'
import { HypershardError } from '@hypershard/common'
import { Command, CommanderError } from 'commander'
import { addAliasCommands } from './commands/alias-commands.ts'
import { addAuditCommand } from './commands/audit-command.ts'
import { addCertCommands } from './commands/cert-commands.ts'
import { addClusterCommand } from './commands/cluster-command.ts'
import { addComposeCommand } from './commands/compose-command.ts'
import { CommandContext, type GlobalOptions, type Surroundings } from './commands/context.ts'
import { addDoctorCommand } from './commands/doctor-command.ts'
import { addDocumentsCommand } from './commands/documents-command.ts'
import { addDrainCommands } from './commands/drain-commands.ts'
import { addEvalCommand } from './commands/eval-command.ts'
import { exitCodeOf, exitCodes, exitCodesHelp } from './commands/exit-codes.ts'
import { addGenerationCommands } from './commands/generation-commands.ts'
import { addIndexCommands } from './commands/index-commands.ts'
import { addKeyCommands } from './commands/key-commands.ts'
import { addMaintenanceCommands } from './commands/maintenance-commands.ts'
import { addModelCommands } from './commands/model-commands.ts'
import { wholeNumberIn } from './commands/parse-option.ts'
import { addRecallCommand } from './commands/recall-command.ts'
import { addReindexCommands } from './commands/reindex-command.ts'
import { reportFailure } from './commands/report-failure.ts'
import { addSearchCommand } from './commands/search-command.ts'
import { addSnapshotCommands } from './commands/snapshot-commands.ts'
import { addUpCommand } from './commands/up-command.ts'

const urlDefault = 'http://127.0.0.1:7700'

/**
 * The `hypershard` command.
 * @param words the command line behind the program's name
 * @returns the exit code
 */
export async function runCli(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const program = new Command('hypershard')
  const context = new CommandContext(surroundings, () => program.opts<GlobalOptions>())
  configure(program, surroundings)
  addUpCommand(program, context)
  addIndexCommands(program, context)
  addDocumentsCommand(program, context)
  addReindexCommands(program, context)
  addGenerationCommands(program, context)
  addAliasCommands(program, context)
  addSnapshotCommands(program, context)
  addMaintenanceCommands(program, context)
  addSearchCommand(program, context)
  addEvalCommand(program, context)
  addComposeCommand(program, context)
  addRecallCommand(program, context)
  addModelCommands(program, context)
  addCertCommands(program, context)
  addKeyCommands(program, context)
  addAuditCommand(program, context)
  addDrainCommands(addClusterCommand(program, context), context)
  addDoctorCommand(program, context)
  try {
    await program.parseAsync([...words], { from: 'user' })
    return context.exitCode
  } catch (error) {
    // The command line may be wrong before --json is read.
    const json = words.includes('--json')
    if (!(error instanceof CommanderError)) {
      reportFailure(error, context.terminal, json)
      return exitCodeOf(error)
    }
    if (error.exitCode === 0) return exitCodes.ok
    const message = error.code === 'commander.help' ? 'no command given' : error.message.replace(/^error: /, '')
    const usage = new HypershardError('invalid_request', message, { cause: error })
    reportFailure(usage, context.terminal, json, '`hypershard --help` and `hypershard <command> --help` show how')
    return exitCodes.usage
  }
}

function configure(program: Command, surroundings: Surroundings): void {
  const { stdout, stderr, environment } = surroundings
  program
    .description('Distributed retrieval for models whose query is a neural network.')
    .version(readVersion(), '--version')
    .option(
      '--url <url>',
      'where a coordinator answers; or set HYPERSHARD_URL',
      environment.HYPERSHARD_URL ?? urlDefault,
    )
    .option(
      '--ca-file <file>',
      'CA whose certificates are believed at https:// URLs, PEM; or set HYPERSHARD_CA_FILE',
      environment.HYPERSHARD_CA_FILE,
    )
    .option('--key-file <path>', 'a file with the API key to send; or set HYPERSHARD_API_KEY to the key itself')
    .option('--json', 'print exactly one JSON document on standard output', false)
    .option('--timeout <ms>', 'how long to wait for an answer', wholeNumberIn(1, 86_400_000))
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: text => stdout.write(text),
      writeErr: text => stderr.write(text),
      // Failures are told in one form, by reportFailure.
      outputError: () => {},
      getOutHelpWidth: () => (stdout.isTTY === true ? (stdout.columns ?? 80) : 80),
    })
    .addHelpText(
      'after',
      `
${exitCodesHelp}

Examples:
  hypershard up --sample
  hypershard search sample why do stars twinkle
  hypershard --url http://10.0.0.5:7700 cluster --json`,
    )
}

function readVersion(): string {
  const facts = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return facts.version
}
