import { join, resolve } from 'node:path'
import { HypershardError, lowOpenFilesLimit } from '@hypershard/common'
import { bundledModelDirectories, LocalCluster, ProcessFailure } from '@hypershard/local-cluster'
import type { Command } from 'commander'
import { connectApi } from '../api/connect-api.ts'
import { type SampleSearch, sampleCorpusPath } from '../sample/run-sample.ts'
import { Steps } from '../terminal/steps.ts'
import type { CommandContext } from './context.ts'
import { EndOnRequest } from './end-on-request.ts'
import { exitCodes } from './exit-codes.ts'
import { commaList, hostAndPort, wholeNumberIn } from './parse-option.ts'
import { tellClusterEvent } from './tell-cluster-event.ts'
import { announce, showModels, showSample, showUnserved } from './up-steps.ts'

/** `hypershard up` */
export function addUpCommand(program: Command, context: CommandContext): void {
  program
    .command('up')
    .description('run a cluster on this machine: coordinator, encoder services and shard servers')
    .option('--data <dir>', 'where documents, logs and the lock are kept', '.hypershard')
    .option('--store <location>', 'where documents are kept instead: a directory or s3://bucket/prefix?endpoint=...')
    .option('--models <dirs>', 'model directories, separated by commas; the first is the default', commaList, [
      ...bundledModelDirectories,
    ])
    .option('--shard-servers <n>', 'how many shard servers', wholeNumberIn(1, 256), 2)
    .option('--encoders <n>', 'how many encoder services', wholeNumberIn(1, 64), 1)
    .option('--http <host:port>', 'where the HTTP API listens', hostAndPort, '127.0.0.1:7700')
    .option('--grpc <host:port>', 'where the gRPC API listens', hostAndPort, '127.0.0.1:7701')
    .option('--tls-cert <file>', 'certificate of the HTTP and gRPC APIs, PEM: they speak TLS then')
    .option('--tls-key <file>', 'its private key')
    .option('--tls', 'certificates between the processes too, made in the data folder')
    .option('--insecure', 'listen beyond this machine although anybody who reaches the port is let in')
    .option('--sample', 'index the bundled sample and run three searches')
    .option('--once', 'stop when everything is up (and the sample shown)')
    .addHelpText(
      'after',
      `
Processes that crash are started again, up to five times a minute. Ctrl-C stops everything; a second
one kills. Settings of the services (HYPERSHARD_SHARD_MEMORY_BYTES=...) are passed on to them.

Examples:
  hypershard up
  hypershard up --sample --once
  hypershard up --data /var/lib/hypershard --shard-servers 4
  hypershard up --http 0.0.0.0:8080 --tls-cert public.pem --tls-key public-key.pem`,
    )
    .action((options: UpOptions) => up(context, options))
}

interface UpOptions {
  readonly data: string
  readonly store?: string
  readonly models: readonly string[]
  readonly shardServers: number
  readonly encoders: number
  readonly http: string
  readonly grpc: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tls?: boolean
  readonly insecure?: boolean
  readonly sample?: boolean
  readonly once?: boolean
}

async function up(context: CommandContext, options: UpOptions): Promise<void> {
  const steps = new Steps(context.json ? context.terminal.notes : context.terminal.out)
  const { environment, programs, onEndRequest } = context.surroundings
  const low = lowOpenFilesLimit()
  if (low !== undefined) context.terminal.notes.line(`${context.terminal.notes.style('yellow', 'note:')} ${low}`)
  const cluster: LocalCluster = new LocalCluster({
    dataDirectory: resolve(options.data),
    store: options.store?.startsWith('s3:') ? options.store : options.store && resolve(options.store),
    modelDirectories: options.models.map(directory => resolve(directory)),
    shardServers: options.shardServers,
    encoders: options.encoders,
    http: options.http,
    grpc: options.grpc,
    environment: { ...environment, ...(await protectionOf(options)) },
    restart: true,
    ...(programs === undefined ? {} : { programs }),
    onEvent: event => tellClusterEvent(event, cluster, steps),
  })
  const end = new EndOnRequest(cluster, onEndRequest)
  try {
    await cluster.start()
    // A cluster that ends, by request or by giving up, ends the work on it too.
    await Promise.race([serve(context, cluster, steps, options), cluster.closed])
  } catch (error) {
    if (!end.requested) throw withPortAdvice(await failureOf(cluster, error), options)
  } finally {
    await cluster.stop()
  }
  const failure = await cluster.closed
  if (failure !== undefined) throw failure
  if (end.forced) context.exitCode = exitCodes.failure
}

/** The work on a ready cluster; returns at once with `--once`, otherwise when the cluster has ended. */
async function serve(context: CommandContext, cluster: LocalCluster, steps: Steps, options: UpOptions): Promise<void> {
  const api = connectApi({ url: cluster.httpUrl, tls: cluster.httpTls, key: context.apiKey() })
  const { HYPERSHARD_KEYS: keys } = context.surroundings.environment
  // A cluster that asks for keys runs without this command having one: then there is less to show.
  const asksInVain = keys !== undefined && keys !== '' && context.apiKey() === undefined && !options.sample
  if (!asksInVain) await showModels(api, steps)
  const unserved = asksInVain ? [] : await showUnserved(context, api)
  let searches: SampleSearch[] | undefined
  if (options.sample) searches = await showSample(context, api, steps, sampleCorpusPath)
  announce(context, cluster, { searches, unserved, keepsServing: !options.once, data: options.data })
  if (!options.once) await cluster.closed
}

/** The settings that the options about protection stand for. */
async function protectionOf(options: UpOptions): Promise<Record<string, string>> {
  const { tlsCert, tlsKey } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new HypershardError('invalid_request', 'give --tls-cert and --tls-key together')
  }
  const settings: Record<string, string> = {}
  if (tlsCert !== undefined) settings.HYPERSHARD_HTTP_TLS_CERT = resolve(tlsCert)
  if (tlsKey !== undefined) settings.HYPERSHARD_HTTP_TLS_KEY = resolve(tlsKey)
  if (options.insecure) settings.HYPERSHARD_INSECURE = 'true'
  if (!options.tls) return settings
  // Rarely needed, and slow to load.
  const { writeCertificates } = await import('@hypershard/local-cluster/certificates')
  const wanted = { processes: ['process'], publicNames: [], days: throwAwayDays }
  const { ca, processes } = await writeCertificates(join(resolve(options.data), 'tls'), wanted)
  settings.HYPERSHARD_TLS_CERT = processes[0]!.certificate
  settings.HYPERSHARD_TLS_KEY = processes[0]!.key
  settings.HYPERSHARD_TLS_CA = ca
  return settings
}

/** Made anew with each start, and worth nothing off this machine. */
const throwAwayDays = 3_650

/** When the cluster has given up, its reason is told instead of the failure that followed from it. */
async function failureOf(cluster: LocalCluster, error: unknown): Promise<unknown> {
  await cluster.stop()
  return (await cluster.closed) ?? error
}

function withPortAdvice(error: unknown, { http, grpc }: UpOptions): unknown {
  if (!(error instanceof ProcessFailure) || error.code !== 'address_in_use') return error
  const taken = String(error.details.address ?? `${http} or ${grpc}`)
  const advice = `choose others, such as --http ${tenPortsOn(http)} --grpc ${tenPortsOn(grpc)}`
  return new HypershardError('address_in_use', `${taken} is taken by another program; ${advice}`, {
    details: error.details,
    cause: error,
  })
}

function tenPortsOn(address: string): string {
  const at = address.lastIndexOf(':') + 1
  return `${address.slice(0, at)}${(Number(address.slice(at)) + 10) % 65_536}`
}
