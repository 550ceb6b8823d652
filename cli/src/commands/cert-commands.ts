import { join, resolve } from 'node:path'
import { HypershardError } from '@hypershard/common'
import type { WrittenCertificates } from '@hypershard/local-cluster/certificates'
import type { Command } from 'commander'
import type { CommandContext } from './context.ts'
import { commaList, wholeNumberIn } from './parse-option.ts'

const processesUsual = ['coordinator', 'encoder', 'shard-server', 'indexer']
const publicUsual = ['localhost', '127.0.0.1', '::1']

interface CreateOptions {
  readonly out: string
  readonly processes: readonly string[]
  readonly public: readonly string[]
  readonly days: number
}

/** `hypershard cert create`: a small CA for those without one. */
export function addCertCommands(program: Command, context: CommandContext): void {
  const group = program.command('cert').description('certificates for TLS, for those without a CA of their own')
  group
    .command('create')
    .description('make a CA and certificates in a folder; run it again to renew the certificates')
    .option('--out <dir>', 'the folder', 'certs')
    .option('--processes <names>', 'processes or machines to make one for each, with commas', commaList, processesUsual)
    .option('--public <names>', 'names and addresses that clients call the API by', commaList, publicUsual)
    .option('--days <n>', 'how long the certificates are valid', wholeNumberIn(1, 825), 365)
    .addHelpText(
      'after',
      `
Whoever has ca-key.pem can make certificates that let them in: keep it off the machines of the cluster.

Examples:
  hypershard cert create
  hypershard cert create --out /etc/hypershard/tls --processes node-1,node-2 --public search.example.com`,
    )
    .action((options: CreateOptions) => create(context, options))
}

async function create(context: CommandContext, options: CreateOptions): Promise<void> {
  for (const name of options.processes) {
    if (/^[\w.-]{1,63}$/.test(name) && !['ca', 'public'].includes(name)) continue
    const problem = `--processes: \`${name}\` cannot be a name; take up to 63 letters, digits, dots and dashes, not ca or public`
    throw new HypershardError('invalid_request', problem)
  }
  const directory = resolve(options.out)
  const { writeCertificates } = await import('@hypershard/local-cluster/certificates')
  const wanted = { processes: options.processes, publicNames: options.public, days: options.days }
  const written = await writeCertificates(directory, wanted)
  context.answer({ directory, ...written }, () => render(directory, written))
}

function render(directory: string, { ca, caKept, processes, public: ofPublic }: WrittenCertificates): string[] {
  const first = processes[0]!
  return [
    `${caKept ? 'kept the CA' : 'made a CA'} in ${directory}, and ${processes.length + 1} certificates`,
    '',
    'settings of each process, with its own name:',
    `  HYPERSHARD_TLS_CERT=${first.certificate}`,
    `  HYPERSHARD_TLS_KEY=${first.key}`,
    `  HYPERSHARD_TLS_CA=${ca}`,
    'and of coordinators, for the public API:',
    `  HYPERSHARD_HTTP_TLS_CERT=${ofPublic!.certificate}`,
    `  HYPERSHARD_HTTP_TLS_KEY=${ofPublic!.key}`,
    `clients believe it with \`--ca-file ${ca}\`; keep ${join(directory, 'ca-key.pem')} off the cluster`,
  ]
}
