import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundledModelDirectories } from '@hypershard/local-cluster'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** What `--scenarios` selects from, in the order in which they run. */
export const scenarioNames = ['rolling', 'scale', 'loss', 'loss-replicated', 'slow', 'redis'] as const
export type ScenarioName = (typeof scenarioNames)[number]

export const elasticBenchOptions = {
  scenarios: { type: 'string' },
  /** A folder in BEIR's layout; each sentence of its documents is one document. */
  data: { type: 'string', default: join(repository, 'sample') },
  documents: { type: 'string' },
  models: { type: 'string', default: bundledModelDirectories.join() },
  shards: { type: 'string', default: '16' },
  'shard-servers': { type: 'string', default: '3' },
  /** Searches a second, sent at even distances. */
  rate: { type: 'string', default: '20' },
  /** How long nothing happens, before the first event. */
  'idle-seconds': { type: 'string' },
  /** How long is measured after an event, where nothing else ends the time. */
  seconds: { type: 'string' },
  /** The grace before a server that is gone is replaced. */
  'replace-after': { type: 'string' },
  'slow-ms': { type: 'string', default: '300' },
  /** How long the Redis is away. */
  'redis-away': { type: 'string' },
  /** Short times and a short grace: shows that everything runs. */
  quick: { type: 'boolean', default: false },
  /** A folder that the indexes are kept in, so that the next run with it builds none anew. */
  keep: { type: 'string' },
} as const

export interface ElasticSettings {
  readonly scenarios: readonly ScenarioName[]
  readonly dataFolder: string
  readonly documents: number
  readonly modelDirectories: readonly string[]
  readonly shards: number
  readonly shardServers: number
  readonly perSecond: number
  readonly idleSeconds: number
  readonly seconds: number
  readonly replaceAfterMs: number
  readonly slowMs: number
  readonly redisAwaySeconds: number
  readonly keep: string | undefined
}

const usual = { documents: '1000', 'idle-seconds': '20', seconds: '10', 'replace-after': '30000', 'redis-away': '60' }
const quick = { documents: '400', 'idle-seconds': '5', seconds: '4', 'replace-after': '4000', 'redis-away': '6' }

/**
 * @param given as `parseArgs` gives them
 * @throws Error that names the option
 */
export function readElasticSettings(given: Readonly<Record<string, unknown>>): ElasticSettings {
  const options = { ...(given.quick === true ? quick : usual), ...given } as Record<string, string | undefined>
  const scenarios = options.scenarios?.split(',') ?? scenarioNames
  const unknown = scenarios.find(name => !scenarioNames.includes(name as ScenarioName))
  if (unknown !== undefined) {
    throw new Error(`--scenarios: there is no scenario \`${unknown}\`; choose from ${scenarioNames.join()}`)
  }
  const number = (name: string) => numberIn(name, options[name])
  return {
    scenarios: scenarioNames.filter(name => scenarios.includes(name)),
    dataFolder: String(options.data),
    documents: number('documents'),
    modelDirectories: String(options.models).split(','),
    shards: number('shards'),
    shardServers: number('shard-servers'),
    perSecond: number('rate'),
    idleSeconds: number('idle-seconds'),
    seconds: number('seconds'),
    replaceAfterMs: number('replace-after'),
    slowMs: number('slow-ms'),
    redisAwaySeconds: number('redis-away'),
    keep: options.keep,
  }
}

function numberIn(name: string, text: string | undefined): number {
  const number = Number(text)
  if (number > 0 && Number.isFinite(number)) return number
  throw new Error(`--${name}: a number above zero, not \`${text}\``)
}
