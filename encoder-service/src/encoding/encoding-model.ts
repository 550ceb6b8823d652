import type { Failure } from '@hypershard/common'
import { loadModelDirectory, type ModelDirectory } from '@hypershard/qnet'
import { DocumentModel } from './document-model.ts'
import { QueryModel } from './query-model.ts'
import type { TokenizedText } from './tokenizer.ts'
import type { EncodedQuery, LoadedModel, QueryWork, WorkerSettings } from './worker-protocol.ts'

/** Both halves of a model in one thread: for benchmarks and tests. The service has a thread for each. */
export class EncodingModel {
  readonly loaded: LoadedModel
  readonly #query: QueryModel
  readonly #document: DocumentModel

  private constructor(query: QueryModel, document: DocumentModel) {
    this.loaded = document.loaded
    this.#query = query
    this.#document = document
  }

  /**
   * Reads, verifies and opens a model directory.
   * @param threads inside one operator
   * @param kernel of documents
   * @throws HypershardError `invalid_model`
   */
  static async open(path: string, threads: number, kernel: WorkerSettings['kernel'] = 'fp32'): Promise<EncodingModel> {
    return EncodingModel.fromDirectory(await loadModelDirectory(path), threads, kernel)
  }

  /** The same for a directory that was read before. */
  static async fromDirectory(
    directory: ModelDirectory,
    threads: number,
    kernel: WorkerSettings['kernel'] = 'fp32',
  ): Promise<EncodingModel> {
    const query = await QueryModel.open(directory, { threads })
    return new EncodingModel(query, await DocumentModel.open(directory, { threads, kernel }))
  }

  tokenizeDocuments(texts: readonly string[]): TokenizedText[] {
    return this.#document.tokenizeDocuments(texts)
  }

  /** As `DocumentModel.encodeDocuments`. */
  encodeDocuments(ids: readonly Int32Array[]): Promise<Float32Array<ArrayBuffer>> {
    return this.#document.encodeDocuments(ids)
  }

  /** As `QueryModel.encodeQueries`. */
  encodeQueries(queries: readonly QueryWork[]): Promise<(EncodedQuery | Failure)[]> {
    return this.#query.encodeQueries(queries)
  }
}
