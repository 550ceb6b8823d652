import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundledModelDirectories } from '@hypershard/local-cluster'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** What `--only` selects from, in the order in which they run. */
export const partNames = [
  'indexing',
  'new',
  'repeated',
  'plans',
  'composed',
  'batch',
  'open',
  'writes',
  'idle',
  'services',
  'telemetry',
  'sizes',
] as const
export type PartName = (typeof partNames)[number]

export const loadBenchOptions = {
  /** Folders in BEIR's layout, with commas between: documents of all, queries of the first. */
  data: { type: 'string', default: join(repository, 'sample') },
  documents: { type: 'string' },
  /** A q-net model and a dense one. */
  models: { type: 'string', default: bundledModelDirectories.join() },
  shards: { type: 'string', default: '2' },
  'shard-servers': { type: 'string', default: '2' },
  clients: { type: 'string' },
  /** Parts, with commas between; all if left out. */
  only: { type: 'string' },
  /** Measured seconds of one round of one row. */
  seconds: { type: 'string' },
  /** Rounds of rows that are compared: they take turns. */
  rounds: { type: 'string' },
  /** Of the whole run: a size whose encoding would not fit is left out. */
  minutes: { type: 'string', default: '30' },
  /** In about three minutes: fewer documents, shorter rounds. */
  quick: { type: 'boolean', default: false },
  /** A folder that the indexes are kept in, so that the next run with it builds none anew. */
  keep: { type: 'string' },
  /** Without its ending: draws latency against rate. */
  plot: { type: 'string' },
} as const

export interface LoadSettings {
  readonly dataFolders: readonly string[]
  /** Ascending. */
  readonly documents: readonly number[]
  readonly modelDirectories: readonly string[]
  readonly shards: number
  readonly shardServers: number
  readonly clients: readonly number[]
  readonly parts: readonly PartName[]
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly rounds: number
  /** How long a cluster is watched at rest. */
  readonly idleSeconds: number
  readonly minutes: number
  readonly keep: string | undefined
  readonly plot: string | undefined
}

const usual = { documents: '1000,10000,50000,200000', seconds: '3', rounds: '3', clients: '1,8,16,32,64' }
const quick = { documents: '1000,3000', seconds: '1.2', rounds: '1', clients: '1,8,16,32' }

/** @throws Error that names the option */
export function readSettings(options: Readonly<Record<string, unknown>>): LoadSettings {
  const given = { ...(options.quick === true ? quick : usual), ...options } as Record<string, string | undefined>
  const parts = given.only?.split(',') ?? partNames
  const unknown = parts.find(part => !partNames.includes(part as PartName))
  if (unknown !== undefined) throw new Error(`--only: there is no part \`${unknown}\`; choose from ${partNames.join()}`)
  return {
    dataFolders: String(given.data).split(','),
    documents: numbersIn('documents', given.documents).sort((a, b) => a - b),
    modelDirectories: String(given.models).split(','),
    shards: numbersIn('shards', given.shards)[0]!,
    shardServers: numbersIn('shard-servers', given['shard-servers'])[0]!,
    clients: numbersIn('clients', given.clients),
    parts: partNames.filter(part => parts.includes(part)),
    warmUpSeconds: options.quick === true ? 0.4 : 0.8,
    seconds: numbersIn('seconds', given.seconds)[0]!,
    rounds: numbersIn('rounds', given.rounds)[0]!,
    idleSeconds: options.quick === true ? 8 : 40,
    minutes: numbersIn('minutes', given.minutes)[0]!,
    keep: given.keep,
    plot: given.plot,
  }
}

/** @throws Error that names the option */
export function numbersIn(name: string, text: string | undefined): number[] {
  const numbers = String(text).split(',').map(Number)
  if (numbers.every(number => number > 0 && Number.isFinite(number))) return numbers
  throw new Error(`--${name}: numbers above zero with commas between, not \`${text}\``)
}
