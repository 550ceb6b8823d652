import { type LoadSettings, numbersIn, readSettings } from '../settings.ts'

/** What `--only` selects from with `--cluster`, in the order in which they run. */
export const clusterParts = ['work', 'loss'] as const
export type ClusterPart = (typeof clusterParts)[number]

/** Taken with `--cluster` alone, beside those of the whole bench. */
export const clusterSizesOptions = {
  /** How many shard servers, with commas between. */
  cluster: { type: 'string' },
  /** How many encoder services. */
  encoders: { type: 'string', default: '1,2' },
  /** Documents of each shard server. */
  'per-server': { type: 'string' },
  /** The grace before a server that is gone is replaced, in milliseconds. */
  'replace-after': { type: 'string' },
} as const

export interface ClusterSizesSettings {
  readonly servers: readonly number[]
  readonly encoders: readonly number[]
  readonly parts: readonly ClusterPart[]
  readonly documentsPerServer: number
  readonly shardsPerServer: number
  readonly clients: readonly number[]
  /** Measured time of one row, and before and after a loss. */
  readonly seconds: number
  readonly replaceAfterMs: number
  readonly load: LoadSettings
}

const usual = { 'per-server': '1000', 'replace-after': '30000', clients: '8', seconds: '5', rounds: '1' }
const quick = { 'per-server': '250', 'replace-after': '3000', clients: '4', seconds: '2', rounds: '1' }

/**
 * @param options as `parseArgs` gives them
 * @throws Error that names the option
 */
export function readClusterSizes(options: Readonly<Record<string, unknown>>): ClusterSizesSettings {
  const { only, ...others } = options
  const given = { ...(options.quick === true ? quick : usual), ...others } as Record<string, string | undefined>
  const parts = only === undefined ? clusterParts : String(only).split(',')
  const unknown = parts.find(part => !clusterParts.includes(part as ClusterPart))
  if (unknown !== undefined) {
    throw new Error(`--only: with --cluster there is no part \`${unknown}\`; choose from ${clusterParts.join()}`)
  }
  const load = readSettings(given)
  return {
    servers: numbersIn('cluster', given.cluster).sort((a, b) => a - b),
    encoders: numbersIn('encoders', given.encoders).sort((a, b) => a - b),
    parts: clusterParts.filter(part => parts.includes(part)),
    documentsPerServer: numbersIn('per-server', given['per-server'])[0]!,
    shardsPerServer: load.shards,
    clients: load.clients,
    seconds: load.seconds,
    replaceAfterMs: numbersIn('replace-after', given['replace-after'])[0]!,
    load,
  }
}
