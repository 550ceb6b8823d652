import { type ConfigShape, HypershardError, readConfig, servicePrefixes } from '@hypershard/common'
import { coordinatorConfig, coordinatorPrefixes } from '@hypershard/coordinator/config'
import { encoderServiceConfig } from '@hypershard/encoder-service/config'
import { indexerConfig, indexerPrefixes } from '@hypershard/indexer/config'
import { shardServerConfig } from '@hypershard/shard-server/config'

/** The processes whose settings the doctor knows, as their folders are named. */
export const processNames = ['coordinator', 'indexer', 'encoder-service', 'shard-server'] as const

export type ProcessName = (typeof processNames)[number]

export type Environment = Readonly<Record<string, string | undefined>>

/** The settings that one process would start with. */
export interface Configuration {
  readonly process: ProcessName
  /** As they are written, empty ones left out. */
  readonly environment: Environment
  /** Those that can be read, by name. */
  readonly settings: Readonly<Record<string, unknown>>
  /** What is wrong with the others. */
  readonly problems: readonly string[]
}

const processes: Readonly<Record<ProcessName, { shape: ConfigShape; prefixes: readonly string[] }>> = {
  coordinator: { shape: coordinatorConfig, prefixes: coordinatorPrefixes },
  indexer: { shape: indexerConfig, prefixes: indexerPrefixes },
  'encoder-service': { shape: encoderServiceConfig, prefixes: ['HYPERSHARD_ENCODER_'] },
  'shard-server': { shape: shardServerConfig, prefixes: ['HYPERSHARD_SHARD_'] },
}

export function readConfiguration(process: ProcessName, environment: Environment): Configuration {
  const { shape, prefixes } = processes[process]
  const written = Object.fromEntries(Object.entries(environment).filter(([, value]) => (value ?? '') !== ''))
  const settings = Object.entries(shape).flatMap(([name, schema]) => {
    const parsed = schema.safeParse(written[name])
    return parsed.success ? [[name, parsed.data]] : []
  })
  return {
    process,
    environment: written,
    settings: Object.fromEntries(settings),
    problems: problemsOf(() => readConfig(shape, written, [...prefixes, ...servicePrefixes])),
  }
}

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof HypershardError && Array.isArray(error.details.problems)) return error.details.problems
    throw error
  }
}
