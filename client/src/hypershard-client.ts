import type {
  AccessDescription,
  AliasAction,
  AliasHistory,
  AliasTable,
  AsideList,
  CloneRequest,
  ClusterDescription,
  CollectedFiles,
  CollectRequest,
  CompareRequest,
  CountAnswer,
  CountRequest,
  DeleteByFilterAnswer,
  DeleteByFilterRequest,
  DrainedServer,
  ExplainRequest,
  Explanation,
  GenerationDescription,
  GenerationList,
  GenerationOrder,
  Hit,
  IndexDescription,
  IndexList,
  IndexRequest,
  ListAnswer,
  ListedDocument,
  ListRequest,
  ModelList,
  ParityReport,
  PutAnswer,
  QNetSample,
  ReindexRequest,
  SearchAnswer,
  SearchBatchAnswer,
  SearchBatchRequest,
  SearchRequest,
  SegmentList,
  SnapshotDescription,
  SnapshotList,
  StoredDocument,
  Verification,
} from '@hypershard/contract'
import type { ClientOptions } from './client-options.ts'
import type { DocumentLine } from './documents/cut-batches.ts'
import {
  type BatchAnswer,
  type BatchOptions,
  makeKey,
  type PutOptions,
  type PutSum,
  putBatches,
  putOnce,
  sumBatches,
  type WriteOptions,
} from './documents/put-documents.ts'
import { unlessForbidden } from './errors.ts'
import { type Call, type CallOptions, Exchange } from './exchange/exchange.ts'
import { fetchTransport } from './fetch-transport.ts'
import { moving } from './generations/moving.ts'
import { watchGeneration } from './generations/watch-generation.ts'
import { type Greeting, greet } from './greet.ts'
import { attemptsDefault } from './limits.ts'
import { type Operation, operations } from './operations.ts'
import { optionNames, realSurroundings } from './ports.ts'
import {
  countDocuments,
  explain,
  listDocuments,
  listedDocuments,
  search,
  searchBatch,
  searchHits,
  searchPages,
} from './searching.ts'

/**
 * The HTTP API of a coordinator. Every method throws `ServerProblem`, `NotReachable` or `InvalidCall`.
 *
 * @example
 * const client = new HypershardClient({ url: 'http://127.0.0.1:7700' })
 * for await (const hit of client.hits('sample', { query: 'why does bread rise' })) console.log(hit.id, hit.score)
 */
export class HypershardClient {
  readonly #exchange: Exchange

  /** @throws InvalidCall for a URL that is none */
  constructor(options: ClientOptions) {
    this.#exchange = new Exchange({
      url: options.url,
      timeoutMs: options.timeoutMs,
      key: options.key,
      attemptsMax: options.attemptsMax ?? attemptsDefault,
      transport: options.transport ?? fetchTransport,
      parse: options.parse ?? JSON.parse,
      names: options.names ?? optionNames,
      surroundings: options.surroundings ?? realSurroundings,
    })
  }

  /** Who answers, and by which clock. */
  greet(options?: CallOptions): Promise<Greeting> {
    return greet(this.#exchange, { ...options })
  }

  /** @throws ServerProblem that names everything that is missing */
  async requireReady(options?: CallOptions): Promise<void> {
    await this.#call(operations.ready, { ...options })
  }

  /** What the key may do, or anyone where none is needed. */
  describeAccess(options?: CallOptions): Promise<AccessDescription> {
    return this.#call(operations.describeAccess, { ...options })
  }

  listModels(options?: CallOptions): Promise<ModelList> {
    return this.#call(operations.listModels, { ...options })
  }

  describeCluster(options?: CallOptions): Promise<ClusterDescription> {
    return this.#call(operations.describeCluster, { ...options })
  }

  describeServer(address: string, options?: CallOptions): Promise<DrainedServer> {
    return this.#call(operations.getServer, { ...options, path: { address } })
  }

  drainServer(address: string, options?: CallOptions): Promise<DrainedServer> {
    return this.#call(operations.drainServer, { ...options, path: { address } })
  }

  undrainServer(address: string, options?: CallOptions): Promise<DrainedServer> {
    return this.#call(operations.undrainServer, { ...options, path: { address } })
  }

  listIndexes(options?: CallOptions): Promise<IndexList> {
    return this.#call(operations.listIndexes, { ...options })
  }

  describeIndex(index: string, options?: CallOptions): Promise<IndexDescription> {
    return this.#call(operations.getIndex, { ...options, path: { index } })
  }

  createIndex(json: IndexRequest, options?: CallOptions): Promise<IndexDescription> {
    return this.#call(operations.createIndex, { ...options, json })
  }

  async deleteIndex(index: string, withAliases = false, options?: CallOptions): Promise<void> {
    const query = { aliases: withAliases ? 'delete' : undefined }
    await this.#call(operations.deleteIndex, { ...options, path: { index }, query })
  }

  search(index: string, request: SearchRequest, options: CallOptions = {}): Promise<SearchAnswer> {
    return search(this.#exchange, index, request, options)
  }

  /** Several searches in one request, each with an outcome of its own. */
  searchBatch(index: string, request: SearchBatchRequest, options: CallOptions = {}): Promise<SearchBatchAnswer> {
    return searchBatch(this.#exchange, index, request, options)
  }

  /** How one document stands for a search: its score, its rank, what keeps it out. */
  explain(index: string, id: string, request: ExplainRequest, options: CallOptions = {}): Promise<Explanation> {
    return explain(this.#exchange, { index, id }, request, options)
  }

  /** Page after page of one manifest version. `k` is the size of a page. */
  pages(index: string, request: SearchRequest, options: CallOptions = {}): AsyncGenerator<SearchAnswer> {
    return searchPages(this.#exchange, index, request, options)
  }

  /** Hit after hit, to the last document; stop when you have enough. */
  hits(index: string, request: SearchRequest, options: CallOptions = {}): AsyncGenerator<Hit> {
    return searchHits(this.pages(index, request, options))
  }

  startReindex(index: string, json: ReindexRequest, options?: CallOptions): Promise<GenerationDescription> {
    return this.#call(operations.reindex, { ...options, path: { index }, json })
  }

  listGenerations(index: string, options?: CallOptions): Promise<GenerationList> {
    return this.#call(operations.listGenerations, { ...options, path: { index } })
  }

  describeGeneration(index: string, generation: number, options?: CallOptions): Promise<GenerationDescription> {
    return this.#call(operations.getGeneration, { ...options, path: { index, generation } })
  }

  /** The generation about once a second, until its build has caught up or ended. */
  watchGeneration(index: string, generation: number, options: CallOptions = {}): AsyncGenerator<GenerationDescription> {
    return watchGeneration(this.#exchange, { index, generation }, options)
  }

  /** The segments of its newest version. */
  listSegments(index: string, generation: number, options?: CallOptions): Promise<SegmentList> {
    return this.#call(operations.listSegments, { ...options, path: { index, generation } })
  }

  orderGeneration(
    index: string,
    generation: number,
    json: GenerationOrder,
    options?: CallOptions,
  ): Promise<GenerationDescription> {
    return this.#call(operations.orderGeneration, { ...options, path: { index, generation }, json })
  }

  /**
   * Gives q-nets, or vectors where the scorer is an inner product, to calibrate graphs of an index with that has no model;
   * none takes back those that there are.
   */
  putSampleQNets(
    index: string,
    generation: number,
    samples: readonly QNetSample[],
    options?: CallOptions,
  ): Promise<GenerationDescription> {
    const bytes = new TextEncoder().encode(samples.map(sample => `${JSON.stringify(sample)}\n`).join(''))
    const headers = { 'content-type': 'application/x-ndjson' }
    return this.#call(operations.putSampleQNets, { ...options, path: { index, generation }, headers, bytes })
  }

  cancelGeneration(index: string, generation: number, options?: CallOptions): Promise<GenerationDescription> {
    return this.#call(operations.cancelGeneration, { ...options, path: { index, generation }, json: {} })
  }

  dropGeneration(index: string, generation: number, options?: CallOptions): Promise<GenerationDescription> {
    return this.#call(operations.dropGeneration, { ...options, path: { index, generation } })
  }

  compareGeneration(
    index: string,
    generation: number,
    json: CompareRequest,
    options?: CallOptions,
  ): Promise<ParityReport> {
    return this.#call(operations.compareGeneration, { ...options, path: { index, generation }, json })
  }

  promoteGeneration(
    index: string,
    generation: number,
    moveAliases = false,
    options?: CallOptions,
  ): Promise<GenerationDescription> {
    const call = { ...options, path: { index, generation }, query: moving(moveAliases), json: {} }
    return this.#call(operations.promoteGeneration, call)
  }

  rollBack(index: string, moveAliases = false, options?: CallOptions): Promise<GenerationDescription> {
    return this.#call(operations.rollBack, { ...options, path: { index }, query: moving(moveAliases), json: {} })
  }

  verifyIndex(index: string, options?: CallOptions): Promise<Verification> {
    return this.#call(operations.verify, { ...options, path: { index } })
  }

  collectFiles(index: string, json: CollectRequest, options?: CallOptions): Promise<CollectedFiles> {
    return this.#call(operations.collect, { ...options, path: { index }, json })
  }

  takeSnapshot(index: string, name: string, options?: CallOptions): Promise<SnapshotDescription> {
    return this.#call(operations.takeSnapshot, { ...options, path: { index }, json: { name } })
  }

  listSnapshots(index: string, options?: CallOptions): Promise<SnapshotList> {
    return this.#call(operations.listSnapshots, { ...options, path: { index } })
  }

  async deleteSnapshot(index: string, snapshot: string, options?: CallOptions): Promise<void> {
    await this.#call(operations.deleteSnapshot, { ...options, path: { index, snapshot } })
  }

  restoreSnapshot(
    index: string,
    snapshot: string,
    moveAliases = false,
    options?: CallOptions,
  ): Promise<GenerationDescription> {
    const call = { ...options, path: { index, snapshot }, query: moving(moveAliases), json: {} }
    return this.#call(operations.restoreSnapshot, call)
  }

  cloneIndex(index: string, json: CloneRequest, options?: CallOptions): Promise<IndexDescription> {
    return this.#call(operations.cloneIndex, { ...options, path: { index }, json })
  }

  listAside(index: string, options?: CallOptions): Promise<AsideList> {
    return this.#call(operations.listAside, { ...options, path: { index } })
  }

  listAliases(options?: CallOptions): Promise<AliasTable> {
    return this.#call(operations.listAliases, { ...options })
  }

  aliasHistory(options?: CallOptions): Promise<AliasHistory> {
    return this.#call(operations.aliasHistory, { ...options })
  }

  changeAliases(actions: readonly AliasAction[], options?: CallOptions): Promise<AliasTable> {
    return this.#call(operations.changeAliases, { ...options, json: { actions } })
  }

  /** A document as the newest write left it. @param vector whether its vector is given too */
  getDocument(
    index: string,
    id: string,
    { vector = false, ...options }: CallOptions & { readonly vector?: boolean } = {},
  ): Promise<StoredDocument> {
    const query = { vector: vector ? 'true' : undefined }
    return this.#call(operations.getDocument, { ...options, path: { index, id }, query })
  }

  /** How many documents pass a filter, at one version of the index; all without one. */
  countDocuments(index: string, request: CountRequest = {}, options: CallOptions = {}): Promise<CountAnswer> {
    return countDocuments(this.#exchange, index, request, options)
  }

  /** One page of the documents that pass a filter; of all without one. `next_cursor` has the page after it. */
  listDocuments(index: string, request: ListRequest = {}, options: CallOptions = {}): Promise<ListAnswer> {
    return listDocuments(this.#exchange, index, request, options)
  }

  /** Every document that passes a filter, page after page of one version of the index. */
  documents(index: string, request: ListRequest = {}, options: CallOptions = {}): AsyncGenerator<ListedDocument> {
    return listedDocuments(this.#exchange, index, request, options)
  }

  /** Deletes documents by id; those that do not exist are no error. */
  deleteDocuments(
    index: string,
    ids: readonly string[],
    { waitFor, idempotencyKey, ...options }: WriteOptions = {},
  ): Promise<PutAnswer> {
    const headers = { 'idempotency-key': idempotencyKey ?? makeKey() }
    const call = { ...options, path: { index }, query: { wait_for: waitFor }, headers, json: { ids }, repeatable: true }
    return this.#call(operations.deleteDocuments, call)
  }

  /**
   * Deletes the documents that pass a filter at the version that searches see, all of them or none; those that were written
   * since stay. Where `complete` is false, there may be more.
   */
  deleteByFilter(
    index: string,
    json: DeleteByFilterRequest,
    { waitFor, idempotencyKey, ...options }: WriteOptions = {},
  ): Promise<DeleteByFilterAnswer> {
    const headers = { 'idempotency-key': idempotencyKey ?? makeKey() }
    const call = { ...options, path: { index }, query: { wait_for: waitFor }, headers, json, repeatable: true }
    return this.#call(operations.deleteByFilter, call)
  }

  /**
   * Puts the documents of one body, of any length, as one write: all its good lines or none. It is sent as it is read,
   * and so sent once; an index that does not exist is found out before that.
   * @param body NDJSON in UTF-8
   * @throws what reading the body threw: nothing of it was written then
   */
  async putDocuments(index: string, body: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<PutAnswer> {
    const { signal } = options
    await this.describeIndex(index, { signal }).catch(unlessForbidden)
    return putOnce(this.#exchange, index, body, options)
  }

  /**
   * Puts documents batch by batch, and tells of each what became of it. The source is read only as batches are written,
   * and at most two are in memory. A batch that may have been lost is sent again and written once. With the same
   * `idempotencyKey`, documents and limits, a whole load can be repeated.
   */
  putBatches(
    index: string,
    documents: Iterable<DocumentLine> | AsyncIterable<DocumentLine>,
    options: BatchOptions = {},
  ): AsyncGenerator<BatchAnswer> {
    return putBatches(this.#exchange, index, documents, options)
  }

  /** `putBatches`, to the end. */
  putAll(
    index: string,
    documents: Iterable<DocumentLine> | AsyncIterable<DocumentLine>,
    options: BatchOptions = {},
  ): Promise<PutSum> {
    return sumBatches(this.putBatches(index, documents, options))
  }

  async #call<Answer, Path extends string>(operation: Operation<Path>, call: Call<Path>): Promise<Answer> {
    return (await this.#exchange.call<Answer, Path>(operation, call)).body
  }
}
