import { Deadline, HypershardError, type Logger, messageOf } from '@hypershard/common'
import type { Model } from '@hypershard/proto/encoder'
import type { Catalog, CatalogEntry, FailedIndex } from './catalog/catalog.ts'
import { eligibleByShard } from './catalog/eligible-by-shard.ts'
import type { ModelRegistry } from './catalog/model-registry.ts'
import type { Cluster } from './cluster/cluster.ts'
import { isWarm, type ShardWarmer } from './cluster/shard-warmer.ts'
import type { CreateIndexInput } from './contract/indexes.ts'
import { failureFacts } from './failure-facts.ts'
import type { DocumentSink } from './indexing/document-sink.ts'
import { type PutInput, type PutReport, putDocuments } from './indexing/put-documents.ts'
import type { WorkGate } from './limits/work-gate.ts'
import type { EncoderPort } from './ports.ts'
import type { QueryEncoder } from './search/query-encoder.ts'
import { type SearchAnswer, type SearchInput, search } from './search/search.ts'

export interface CoordinatorParts {
  readonly catalog: Catalog
  readonly models: ModelRegistry
  readonly cluster: Cluster
  readonly warmer: ShardWarmer
  readonly encoder: EncoderPort
  readonly encoderAddress: string
  readonly queryEncoder: QueryEncoder
  readonly sink: DocumentSink
  readonly searches: WorkGate
  readonly puts: WorkGate
  readonly log: Logger
}

export interface ClusterDescription {
  readonly encoderAddress: string
  readonly servers: readonly {
    readonly address: string
    readonly live: boolean
    readonly downReason: string | null
    readonly weight: number
    readonly outstanding: number
    readonly shards: readonly { index: string; shard: number; documents: number; warm: boolean }[]
  }[]
}

/** For a shard server to forget a deleted index; one that misses it frees the memory when it restarts. */
const releaseMsMax = 5_000

/** What the public API can do, whichever transport asks. Requests have been checked; every failure is a HypershardError. */
export class Coordinator {
  readonly #parts: CoordinatorParts

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
  }

  listModels(deadline: Deadline): Promise<readonly Model[]> {
    return this.#parts.models.list(deadline)
  }

  async createIndex(input: CreateIndexInput, deadline: Deadline): Promise<CatalogEntry> {
    const { name, shards, replicas } = input
    const model = await this.#parts.models.resolve(input.model, deadline)
    const settings = { name, shards, replicas, vectorWidth: model.vectorWidth }
    return this.#parts.catalog.create({ ...settings, model: { name: model.name, digest: model.digest } }, deadline)
  }

  /** In name order. */
  listIndexes(): readonly CatalogEntry[] {
    return this.#parts.catalog.list()
  }

  /** Those that cannot be served because a file of theirs is damaged, in name order. */
  listFailedIndexes(): readonly FailedIndex[] {
    return this.#parts.catalog.listFailed()
  }

  getIndex(name: string): CatalogEntry {
    return this.#parts.catalog.get(name)
  }

  async deleteIndex(name: string, deadline: Deadline): Promise<void> {
    const { catalog, cluster, log } = this.#parts
    const record = await catalog.delete(name, deadline)
    if (record === undefined) return
    cluster.forgetIndex(record.uid)
    const live = cluster.members.filter(member => member.live)
    await Promise.all(
      live.map(async ({ server }) => {
        try {
          await server.release({ name, uid: record.uid }, Deadline.after(releaseMsMax))
        } catch (error) {
          log.warn({ ...failureFacts(error), server: server.address, index: name }, 'releasing a deleted index failed')
        }
      }),
    )
  }

  putDocuments(input: PutInput, deadline: Deadline): Promise<PutReport> {
    return this.#parts.puts.run(deadline, () => putDocuments(input, deadline, this.#parts))
  }

  search(input: SearchInput, deadline: Deadline): Promise<SearchAnswer> {
    return this.#parts.searches.run(deadline, () => search(input, deadline, this.#parts))
  }

  /** @throws HypershardError `unavailable`, naming everything that keeps a search from being complete */
  async requireReady(deadline: Deadline): Promise<void> {
    const missing = this.#parts.warmer.coldShards()
    const encoder = await this.#parts.encoder.listModels(deadline).then(() => undefined, messageOf)
    if (missing.length === 0 && encoder === undefined) return
    const shards = missing.map(({ index, shard, servers }) => `shard ${shard} of ${index} (${servers.join(', ')})`)
    const reasons = [
      ...(encoder === undefined ? [] : [`the encoder service does not answer: ${encoder}`]),
      ...(shards.length === 0 ? [] : [`no live server has loaded ${shards.join(', ')}`]),
    ]
    const details = { encoder: encoder ?? null, missing }
    throw new HypershardError('unavailable', `not ready: ${reasons.join('; ')}`, { details })
  }

  describeCluster(): ClusterDescription {
    const { cluster, catalog, encoderAddress } = this.#parts
    const servers = cluster.members.map(member => {
      const { address, live, weight, outstanding } = member
      const shards = catalog.list().flatMap(entry =>
        cluster.shardsHeldBy(member, entry.record).map(shard => ({
          index: entry.record.name,
          shard,
          documents: eligibleByShard(entry.manifest)[shard] ?? 0,
          warm: live && isWarm(member, entry, shard),
        })),
      )
      return { address, live, downReason: live ? null : member.downReason, weight, outstanding, shards }
    })
    return { encoderAddress, servers }
  }
}
