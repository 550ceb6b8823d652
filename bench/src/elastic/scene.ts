import { resolve } from 'node:path'
import type { Environment } from '@hypershard/local-cluster'
import { Fleet } from '../fleet/fleet.ts'
import type { Placement } from '../fleet/placement.ts'
import { type Balance, untilBalanced } from '../fleet/until-balanced.ts'
import type { Ranking } from '../load/client/judge-answer.ts'
import type { LoadClient } from '../load/client/load-client.ts'
import { putDocuments } from '../load/cluster/bench-indexes.ts'
import { waitUntilQuiet } from '../load/cluster/wait-until-quiet.ts'
import type { BenchDocument } from '../load/workload/read-collection.ts'
import type { ElasticSettings } from './settings.ts'
import { SteadyLoad } from './steady-load.ts'
import { readRankings } from './true-rankings.ts'

const indexName = 'elastic'
/** Of each index that is there beside the one that is searched. */
const otherDocuments = 64
const hitsWanted = 10
const startMsMax = 60_000
/** Loading and letting go, once it is clear who does what. */
export const loadMsMax = 15_000

export interface SceneSettings {
  readonly replicas: number
  readonly shardServers: number
  readonly encoders: number
  readonly coordinators: number
  /** Small indexes beside the one that is searched, with as many shards; none if left out. */
  readonly otherIndexes?: number
}

/** What every scene of a run has. */
export interface SceneParts {
  readonly settings: ElasticSettings
  readonly documents: readonly BenchDocument[]
  readonly queries: readonly string[]
  readonly client: LoadClient
  /** Told how far it is. */
  readonly say: (line: string) => void
}

interface SteadyLoadOptions {
  /** Where searches go; to all coordinators if left out. */
  readonly origins?: readonly string[]
  /** Each query is asked with each of these; once with the defaults if left out. */
  readonly variants?: readonly Readonly<Record<string, unknown>>[]
}

interface BalanceOptions {
  readonly copies?: number
  readonly accept?: (placement: Placement) => boolean
  readonly withinMs?: number
}

/** One fleet with the index that is searched, and what is true of it. */
export class Scene {
  readonly fleet: Fleet
  readonly index: { readonly name: string; readonly shards: number; readonly replicas: number }
  readonly #parts: SceneParts
  /** Whose shards are looked at: that of the searches, and others. */
  readonly #indexes: readonly string[]
  readonly #rankings: ReadonlyMap<string, Ranking>

  private constructor(
    parts: SceneParts,
    {
      fleet,
      index,
      indexes,
      rankings,
    }: Pick<Scene, 'fleet' | 'index'> & {
      indexes: readonly string[]
      rankings: ReadonlyMap<string, Ranking>
    },
  ) {
    this.#parts = parts
    this.fleet = fleet
    this.index = index
    this.#indexes = indexes
    this.#rankings = rankings
  }

  /** @throws Error when the cluster does not come to rest with every shard loaded */
  static async open(parts: SceneParts, settings: SceneSettings & { directory: string }): Promise<Scene> {
    const { replicas, otherIndexes = 0, ...sizes } = settings
    const { modelDirectories, shards } = parts.settings
    const fleet = await Fleet.start({
      ...sizes,
      modelDirectories: modelDirectories.map(folder => resolve(folder)),
      coordinator: coordinatorSettings(parts),
      // Servers that come are as those that are there.
      services: { HYPERSHARD_SHARD_THREADS: '1', HYPERSHARD_ENCODER_THREADS: '1' },
    })
    try {
      const index = { name: indexName, shards, replicas }
      const others = Array.from({ length: otherIndexes }, (_, at) => `${indexName}-${at + 1}`)
      for (const name of others) await ensureIndex(parts, fleet, { ...index, name }, otherDocuments)
      await ensureIndex(parts, fleet, index, parts.documents.length)
      await waitUntilQuiet(fleet.processes)
      const rankings = await readRankings(fleet.api, { ...index, documents: parts.documents }, parts.queries)
      const scene = new Scene(parts, { fleet, index, indexes: [indexName, ...others], rankings })
      if ((await scene.balanced()) === undefined) throw new Error('shards are not loaded as often as wanted')
      return scene
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.fleet.stop()
  }

  get queries(): readonly string[] {
    return this.#parts.queries
  }

  /** Searches of the exact plan, every answer carried out and compared with the true ranking. */
  async startLoad({ origins = this.fleet.origins, variants = [{}] }: SteadyLoadOptions = {}): Promise<SteadyLoad> {
    const asked = [...this.#rankings].flatMap(([query, ranking]) =>
      variants.map(variant => {
        const body = { query, k: hitsWanted, plan: 'exact', cache: false, ...variant }
        return [JSON.stringify(body), ranking] as const
      }),
    )
    const [origin, ...others] = origins
    return SteadyLoad.start(this.#parts.client, {
      target: {
        kind: 'http',
        origin: origin!,
        others,
        path: `/v1/indexes/${this.index.name}/search`,
        judged: { rankings: new Map(asked) },
      },
      bodies: asked.map(([body]) => body),
      perSecond: this.#parts.settings.perSecond,
    })
  }

  /** Waits until each shard is where it belongs, as every coordinator sees it; undefined where that takes too long. */
  balanced({
    copies = this.index.replicas,
    accept,
    withinMs = startMsMax,
  }: BalanceOptions = {}): Promise<Balance | undefined> {
    const { shards } = this.index
    const more = accept === undefined ? {} : { accept }
    return untilBalanced(this.fleet.origins, { indexes: this.#indexes, shards, copies, withinMs, ...more })
  }
}

/** What the scenarios are measured with where it is not the default. */
function coordinatorSettings({ settings }: SceneParts): Environment {
  return {
    HYPERSHARD_REPLACE_AFTER_MS: String(settings.replaceAfterMs),
    // Each query needs an encoder service.
    HYPERSHARD_QNET_CACHE_BYTES_MAX: '0',
  }
}

async function ensureIndex(
  { documents, say }: SceneParts,
  { api }: Fleet,
  { name, ...options }: Scene['index'],
  count: number,
): Promise<void> {
  const { indexes } = await api.send<{ indexes: { name: string; documents: number }[] }>('GET', '/v1/indexes')
  const found = indexes.find(index => index.name === name)
  if (found?.documents === count) return
  if (found !== undefined) await api.send('DELETE', `/v1/indexes/${name}`)
  await api.send('POST', '/v1/indexes', { name, ...options })
  say(`${name}: indexing ${count} documents, ${options.shards} shards, ${options.replicas} replicas`)
  await putDocuments(api, name, documents.slice(0, count))
}
