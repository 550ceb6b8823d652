import { join, resolve } from 'node:path'
import type { Environment } from '@hypershard/local-cluster'
import { Fleet } from '../../fleet/fleet.ts'
import type { Bar } from '../bars.ts'
import type { LoadClient } from '../client/load-client.ts'
import { BenchIndexes } from '../cluster/bench-indexes.ts'
import { waitUntilQuiet } from '../cluster/wait-until-quiet.ts'
import { type Figure, LoadRun, type Skipped } from '../load-run.ts'
import type { Measurement } from '../measure/measurement.ts'
import type { WindowFigures } from '../measure/window-figures.ts'
import type { QuerySource } from '../workload/query-source.ts'
import type { BenchDocument } from '../workload/read-collection.ts'
import type { ClusterSizesSettings } from './settings.ts'

/** A measured load of a cluster of one size. */
export interface WorkRow extends Measurement {
  readonly shardServers: number
  readonly encoders: number
}

/** A closed loop before, while and after a shard server is killed. */
export interface LossRow extends WindowFigures {
  readonly shardServers: number
  readonly queries: 'new' | 'repeated'
  readonly clients: number
}

export interface FleetSize {
  readonly shardServers: number
  readonly encoders: number
  readonly replicas: number
}

/** A fleet, and what measures it. */
export interface SizedRun {
  readonly fleet: Fleet
  readonly load: LoadRun
}

interface RunParts {
  readonly settings: ClusterSizesSettings
  readonly directory: string
  readonly documents: readonly BenchDocument[]
  readonly queries: QuerySource
  readonly client: LoadClient
  /** Told how far the run is. */
  readonly say: (line: string) => void
}

/** What the parts share, and what was measured so far. */
export class ClusterSizesRun {
  readonly work: WorkRow[] = []
  readonly losses: LossRow[] = []
  readonly bars: Bar[] = []
  readonly figures: Figure[] = []
  readonly skipped: Skipped[] = []
  readonly settings: ClusterSizesSettings
  readonly documents: readonly BenchDocument[]
  readonly client: LoadClient
  readonly queries: QuerySource
  readonly say: (line: string) => void
  readonly #directory: string

  constructor({ settings, directory, documents, queries, client, say }: RunParts) {
    this.settings = settings
    this.documents = documents
    this.queries = queries
    this.client = client
    this.say = say
    this.#directory = directory
  }

  /** A fleet whose documents grow with its shard servers; it is ended when the work is. */
  async inFleet(size: FleetSize, work: (run: SizedRun) => Promise<void>): Promise<void> {
    const { load: settings, replaceAfterMs, shardsPerServer } = this.settings
    const directory = join(this.#directory, `s${size.shardServers}-r${size.replicas}`)
    const fleet = await Fleet.start({
      directory,
      modelDirectories: settings.modelDirectories.map(folder => resolve(folder)),
      shardServers: size.shardServers,
      encoders: size.encoders,
      coordinators: 1,
      coordinator: { HYPERSHARD_REPLACE_AFTER_MS: String(replaceAfterMs) },
      services: oneThreadEach,
    })
    try {
      const { api } = fleet
      const { client, documents, queries, say } = this
      const indexes = new BenchIndexes(api, {
        documents,
        shards: shardsPerServer * size.shardServers,
        replicas: size.replicas,
        say,
        onIndexed: () => waitUntilQuiet(fleet.processes),
      })
      const parts = { settings, cluster: fleet.cluster, directory, api, documents, indexes, queries, client, say }
      const load = new LoadRun(parts)
      await work({ fleet, load })
      this.bars.push(...load.bars)
      this.figures.push(...load.figures)
      this.skipped.push(...load.skipped)
    } finally {
      await fleet.stop()
    }
  }
}

/** However many there are, each has as much of the machine as it would have with another number of them. */
const oneThreadEach: Environment = { HYPERSHARD_SHARD_THREADS: '1', HYPERSHARD_ENCODER_THREADS: '1' }
