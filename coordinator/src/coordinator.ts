import { HypershardError, messageOf, type RequestContext, type WorkGate, waitWithin } from '@hypershard/common'
import type { CreateIndexInput } from '@hypershard/contract'
import {
  type Fields,
  type IndexRecord,
  newerManifest,
  type ObjectStore,
  type StoredDocument,
} from '@hypershard/storage'
import { AliasAdmin } from './aliases/alias-admin.ts'
import { type ListedModels, unplacedJson } from './answers/cluster-json.ts'
import type { Catalog, CatalogEntry, FailedIndex } from './catalog/catalog.ts'
import { defaultPassages } from './catalog/default-passages.ts'
import type { ModelKeeper } from './catalog/model-keeper.ts'
import type { ModelRegistry } from './catalog/model-registry.ts'
import type { StoreWatcher } from './catalog/store-watcher.ts'
import { findUnserved, type UnservedIndex } from './catalog/unserved-models.ts'
import type { Cluster } from './cluster/cluster.ts'
import {
  type ClusterDescription,
  describeServers,
  type ServersDescription,
  unplacedShards,
} from './cluster/describe-servers.ts'
import { releaseIndex } from './cluster/release-index.ts'
import { ServerAdmin } from './cluster/server-admin.ts'
import type { ShardReleaser } from './cluster/shard-releaser.ts'
import type { ShardWarmer } from './cluster/shard-warmer.ts'
import { GenerationAdmin } from './generations/generation-admin.ts'
import { IndexMaintenance } from './maintenance/index-maintenance.ts'
import type { SearchPace } from './pace/search-pace.ts'
import type { EncoderPort, EncoderState } from './ports.ts'
import { type CountAnswer, type CountInput, countDocuments } from './reading/count-documents.ts'
import { type ListAnswer, type ListInput, listDocuments } from './reading/list-documents.ts'
import { admitSearch } from './search/admit-search.ts'
import type { AnswerCache } from './search/answer-cache.ts'
import { chooseReranker } from './search/choose-reranker.ts'
import type { FanOutRecord } from './search/fan-out-record.ts'
import { admitExplain } from './search/near/admit-explain.ts'
import type { ExplainInput, Explanation } from './search/near/explain.ts'
import type { PairScores } from './search/pair-scores.ts'
import type { QueryEncoder } from './search/query-encoder.ts'
import type { QueryForms } from './search/query-forms.ts'
import type { Filterable } from './search/read-filter.ts'
import { type ScoringCost, scoringCost } from './search/scoring-cost.ts'
import type { SearchAnswer } from './search/search-answer.ts'
import type { SearchInput } from './search/search-input.ts'
import type { SearchMeter } from './search/search-meter.ts'
import type { SlowSearches } from './search/slow-searches.ts'
import { SnapshotAdmin } from './snapshots/snapshot-admin.ts'
import { externalModelOf } from './vectors/external-model-of.ts'
import { scoredFactsOf } from './vectors/scored-by.ts'
import { type VectorRule, vectorRuleOf } from './vectors/vector-rule.ts'
import { type WarmUpOptions, warmUp } from './warm-up/warm-up.ts'
import type { WordCounts } from './words/word-counts.ts'
import { type DeleteByFilterInput, type DeleteByFilterReport, deleteByFilter } from './writing/delete-by-filter.ts'
import { type FindOptions, findDocuments } from './writing/find-documents.ts'
import { type WriteInput, type WriteLogs, type WriteReport, writeDocuments } from './writing/write-documents.ts'
import type { WriteGuard } from './writing/write-guard.ts'
import type { WriteMeter } from './writing/write-meter.ts'

export interface CoordinatorParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly models: ModelRegistry
  readonly modelKeeper: ModelKeeper
  readonly cluster: Cluster
  readonly warmer: ShardWarmer
  readonly releaser: ShardReleaser
  readonly encoder: EncoderPort
  readonly encoders: { describe(): readonly EncoderState[] }
  readonly queryEncoder: QueryEncoder
  readonly queryForms: QueryForms
  readonly fanOuts: FanOutRecord
  readonly answers: AnswerCache
  readonly pairScores: PairScores
  readonly wordCounts: WordCounts
  readonly watcher: StoreWatcher
  readonly pace: SearchPace
  readonly guard: WriteGuard
  readonly logs: WriteLogs
  readonly searches: WorkGate
  readonly slowSearches: SlowSearches
  readonly writes: WorkGate
  readonly searchMeter: SearchMeter
  readonly writeMeter: WriteMeter
}

/** How long the description of the cluster waits for encoder services that hang. */
const listMsMax = 2_000

/** What the public API can do, whichever transport asks. Requests have been checked; every failure is a HypershardError. */
export class Coordinator {
  /** Builds of an index beside each other. */
  readonly generations: GenerationAdmin
  readonly aliases: AliasAdmin
  readonly maintenance: IndexMaintenance
  readonly snapshots: SnapshotAdmin
  readonly servers: ServerAdmin
  readonly #parts: CoordinatorParts

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.generations = new GenerationAdmin(parts)
    this.aliases = new AliasAdmin(parts)
    this.maintenance = new IndexMaintenance(parts)
    this.snapshots = new SnapshotAdmin(parts)
    this.servers = new ServerAdmin(parts)
  }

  /** Before anyone can reach it. See `warmUp`. */
  warmUp(options: WarmUpOptions): Promise<void> {
    return warmUp(this.#parts, options)
  }

  async listModels(context: RequestContext): Promise<ListedModels> {
    const models = await this.#parts.models.list(context.deadline)
    return { models, crossEncoders: this.#parts.models.crossEncoders() }
  }

  async createIndex(input: CreateIndexInput, context: RequestContext): Promise<CatalogEntry> {
    const { name, shards, replicas, fields, lexical } = input
    const external = externalModelOf(input)
    const ofModel = external ?? (await this.#modelOf(input.model, context))
    const { passages = external ? false : defaultPassages(ofModel.model.digest, this.#parts.encoders.describe()) } =
      input
    return this.#parts.catalog.create(
      { name, shards, replicas, fields, passages: passages || undefined, lexical, ...ofModel },
      context.deadline,
    )
  }

  async #modelOf(nameOrDigest: string | undefined, { deadline }: RequestContext) {
    const { name, digest, vectorWidth } = await this.#parts.models.resolve(nameOrDigest, deadline)
    this.#parts.modelKeeper.keep(digest)
    return { model: { name, digest }, vectorWidth }
  }

  /** In name order. */
  listIndexes(): readonly CatalogEntry[] {
    return this.#parts.catalog.listIndexes()
  }

  /** Those that cannot be served because a file of theirs is damaged, in name order. */
  listFailedIndexes(): readonly FailedIndex[] {
    return this.#parts.catalog.listFailed()
  }

  getIndex(name: string): CatalogEntry {
    return this.#parts.catalog.get(name)
  }

  /** What searches of an index can filter by. @throws HypershardError `index_not_found` */
  fieldsOf(index: string): Fields {
    return this.getIndex(index).record.fields ?? {}
  }

  /** The same, and how its words are kept. @throws HypershardError `index_not_found` */
  filterableOf(index: string): Filterable {
    return this.getIndex(index).record
  }

  /** What vectors the documents of an index may come with. @throws HypershardError `index_not_found` */
  vectorsOf(index: string): VectorRule {
    return vectorRuleOf(this.getIndex(index).generation)
  }

  /** @throws HypershardError `index_not_found`, `index_in_use` while clones or, unless they go too, aliases need it */
  async deleteIndex(name: string, aliases: 'refuse' | 'delete', context: RequestContext): Promise<void> {
    const { catalog, watcher } = this.#parts
    const going = catalog.listAliases().filter(({ target }) => target.index === name)
    let released: Promise<void> | undefined
    // Before anything that a caller who goes away, or a store that fails, could keep from being done.
    const onGone = (record: IndexRecord | undefined) => {
      watcher.wake()
      if (record !== undefined) released = releaseIndex({ name, uid: record.uid }, { ...this.#parts, log: context.log })
    }
    await catalog.delete(name, aliases, context.deadline, onGone)
    await released
    await watcher.untilMoved(
      going.map(({ alias }) => alias),
      context.deadline,
    )
  }

  writeDocuments(input: WriteInput, context: RequestContext): Promise<WriteReport> {
    return writeDocuments(input, context, this.#parts)
  }

  deleteByFilter(input: DeleteByFilterInput, context: RequestContext): Promise<DeleteByFilterReport> {
    return deleteByFilter(input, context, this.#parts)
  }

  /**
   * A document as the newest write left it, searchable or not.
   * @throws HypershardError `index_not_found`, `document_not_found`
   */
  async getDocument(
    index: string,
    id: string,
    context: RequestContext,
    options?: FindOptions,
  ): Promise<StoredDocument> {
    const { store, catalog } = this.#parts
    const finding = newerManifest(store, catalog.get(index).manifest).then(manifest =>
      findDocuments(store, manifest, new Set([id]), options),
    )
    const document = (await waitWithin(finding, context.deadline, 'reading the document')).documents.get(id)
    if (document !== undefined) return document
    throw documentNotFound(index, id)
  }

  countDocuments(input: CountInput, context: RequestContext): Promise<CountAnswer> {
    return countDocuments(input, context, this.#parts)
  }

  listDocuments(input: ListInput, context: RequestContext): Promise<ListAnswer> {
    return listDocuments(input, context, this.#parts)
  }

  search(input: SearchInput, context: RequestContext): Promise<SearchAnswer> {
    return admitSearch(input, context, this.#parts)
  }

  /** How one document stands for a query; undefined where searches do not see it. See `explain`. */
  explain(input: ExplainInput, context: RequestContext): Promise<Explanation | undefined> {
    return admitExplain(input, context, this.#parts)
  }

  /** @throws HypershardError `index_not_found`, `generation_not_found`, and what a search throws for the cross-encoder it names */
  async scoringCost(input: SearchInput, context: RequestContext): Promise<ScoringCost> {
    const { catalog, models } = this.#parts
    const { index, generation } = input
    const entry = generation === undefined ? catalog.get(index) : catalog.getGeneration(index, generation)
    const scored = await scoredFactsOf(entry.generation, models, context.deadline)
    const reranker = await chooseReranker(input, models, context.deadline)
    return scoringCost(input, entry.manifest, scored, reranker?.model)
  }

  /**
   * @returns the indexes that no search can use until their model is there: others are served, so they keep nobody
   *   from asking this coordinator
   * @throws HypershardError `unavailable`, naming everything that keeps a search from being complete
   */
  async requireReady(context: RequestContext): Promise<readonly UnservedIndex[]> {
    const missing = this.#parts.warmer.coldShards()
    const loaded = await this.#parts.encoder.listModels(context.deadline).catch(messageOf)
    const encoder = typeof loaded === 'string' ? loaded : undefined
    if (missing.length === 0 && typeof loaded !== 'string') return findUnserved(this.#parts.catalog.list(), loaded)
    const shards = missing.map(({ index, shard, servers }) => `shard ${shard} of ${index} (${servers.join(', ')})`)
    const unplaced = unplacedShards(this.#parts).filter(({ index, shard }) =>
      missing.some(cold => cold.index === index && cold.shard === shard),
    )
    const reasons = [
      ...(encoder === undefined ? [] : [`no encoder service answers: ${encoder}`]),
      ...(shards.length === 0 ? [] : [`no live server has loaded ${shards.join(', ')}`]),
      ...unplaced.map(noRoomFor),
    ]
    const details = { encoder: encoder ?? null, missing, unplaced: unplaced.map(unplacedJson) }
    throw new HypershardError('unavailable', `not ready: ${reasons.join('; ')}`, { details })
  }

  async describeCluster(context: RequestContext): Promise<ClusterDescription> {
    const { catalog, encoders, models, fanOuts } = this.#parts
    const loaded = await models.list(context.deadline.within(listMsMax)).catch(() => null)
    const unserved = loaded === null ? null : findUnserved(catalog.list(), loaded)
    const { hedging, retries } = fanOuts
    const ofServers = describeServers(this.#parts)
    return { encoders: encoders.describe(), unserved, hedges: hedging.counts, retries, ...ofServers }
  }
}

export function documentNotFound(index: string, id: string): HypershardError {
  const message = `index \`${index}\` has no document ${JSON.stringify(id)}`
  return new HypershardError('document_not_found', message, { details: { index, id } })
}

function noRoomFor({ index, shard, neededBytes, servers }: ServersDescription['unplaced'][number]): string {
  const free = servers.map(({ address, freeBytes }) => `${address} has ${freeBytes ?? 'an unknown number'} free`)
  const mend = 'add shard servers or raise HYPERSHARD_SHARD_MEMORY_BYTES'
  return `no server has memory for shard ${shard} of ${index}, about ${neededBytes} bytes: ${free.join(', ')}; ${mend}`
}
