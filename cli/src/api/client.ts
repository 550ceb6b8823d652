import type { IncomingMessage } from 'node:http'
import { HypershardError, parseExactJson } from '@hypershard/common'
import {
  type AliasAction,
  type AliasHistory,
  type AliasTable,
  type AsideList,
  type CloneRequest,
  type ClusterDescription,
  type CollectedFiles,
  type CollectRequest,
  type CompareRequest,
  type DrainedServer,
  type GenerationDescription,
  type GenerationList,
  type GenerationOrder,
  type IndexDescription,
  type IndexList,
  type IndexRequest,
  type ModelList,
  type ParityReport,
  type PutAnswer,
  type PutProgress,
  type ReindexRequest,
  type SearchAnswer,
  type SearchRequest,
  type SnapshotDescription,
  type SnapshotList,
  type StoredDocument,
  searchDefaults,
  type Verification,
  type WaitMode,
} from '@hypershard/contract'
import type { RequestTls } from '@hypershard/local-cluster'
import { generationPath, indexPath, moveQuery, serverPath } from './paths.ts'
import { NotReachable, parseProblem, ServerProblem } from './problem.ts'
import { readPutAnswer } from './read-put-answer.ts'
import { type HttpRequest, readChunks, readText, sendRequest } from './send-request.ts'
import { SilenceLimit, WatchedSource } from './watch-body.ts'

/** How long an answer may take when the command line does not say. */
const answerMsDefault = 30_000
/** What a search may take on top of the time that the coordinator gives itself. */
const searchSlackMs = 5_000
/** How long a put may go without a sign of life: writing the segments of a large put is silent. */
const silenceMsDefault = 120_000
/** Loading a generation on the shard servers. */
const switchMsDefault = 600_000
/** Reading every byte of an index. */
const verifyMsDefault = 6 * 3_600_000

export interface ApiClientOptions {
  /** Where a coordinator answers, such as `http://127.0.0.1:7700`. */
  readonly url: string
  /** How long to wait for an answer, for a put: for a sign of life; by the kind of request when left out. */
  readonly timeoutMs?: number | undefined
  /** Of `https:`: whom to believe; those that Node believes when left out. */
  readonly tls?: RequestTls | undefined
  /** The API key to send; none where the coordinator asks for none. */
  readonly key?: string | undefined
}

export interface WriteOptions {
  /** When to answer: once the write cannot be lost, or once searches find it. */
  readonly waitFor: WaitMode
  /** The same write with the same key is done once. */
  readonly idempotencyKey?: string | undefined
}

/** What a coordinator says of itself at its root. */
export interface Greeting {
  readonly version: string
  /** Its clock when it answered, in whole seconds; undefined where the header is missing. */
  readonly date: string | undefined
  /** This machine's clock before and after, in milliseconds since the epoch. */
  readonly askedMs: number
  readonly answeredMs: number
}

/** The coordinator's HTTP API. Every method throws `ServerProblem` or `NotReachable`. */
export class ApiClient {
  readonly #base: URL
  readonly #timeoutMs: number | undefined
  readonly #tls: RequestTls | undefined
  readonly #authorization: Readonly<Record<string, string>>

  /** @throws HypershardError `invalid_request` for a URL that is none */
  constructor(options: ApiClientOptions) {
    this.#base = parseBaseUrl(options.url)
    this.#timeoutMs = options.timeoutMs
    this.#tls = options.tls
    this.#authorization = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }
  }

  /** Who answers, and by which clock. */
  async greet(): Promise<Greeting> {
    const askedMs = Date.now()
    let date: string | undefined
    const { version } = await this.#json<{ version: string }>('GET', '', undefined, answerMsDefault, head => {
      date = head.headers.date
    })
    return { version, date, askedMs, answeredMs: Date.now() }
  }

  /** @throws ServerProblem that names everything that is missing */
  async requireReady(): Promise<void> {
    await this.#json('GET', 'readyz')
  }

  listModels(): Promise<ModelList> {
    return this.#json('GET', 'v1/models')
  }

  describeCluster(): Promise<ClusterDescription> {
    return this.#json('GET', 'v1/cluster')
  }

  describeServer(address: string): Promise<DrainedServer> {
    return this.#json('GET', serverPath(address))
  }

  drainServer(address: string): Promise<DrainedServer> {
    return this.#json('POST', `${serverPath(address)}/drain`)
  }

  undrainServer(address: string): Promise<DrainedServer> {
    return this.#json('POST', `${serverPath(address)}/undrain`)
  }

  listIndexes(): Promise<IndexList> {
    return this.#json('GET', 'v1/indexes')
  }

  describeIndex(name: string): Promise<IndexDescription> {
    return this.#json('GET', indexPath(name))
  }

  createIndex(request: IndexRequest): Promise<IndexDescription> {
    return this.#json('POST', 'v1/indexes', request)
  }

  async deleteIndex(name: string, withAliases = false): Promise<void> {
    await this.#json('DELETE', `${indexPath(name)}${withAliases ? '?aliases=delete' : ''}`)
  }

  search(index: string, request: SearchRequest): Promise<SearchAnswer> {
    const waitMs = (request.timeout_ms ?? searchDefaults.timeout_ms) + searchSlackMs
    return this.#json('POST', `${indexPath(index)}/search`, request, waitMs)
  }

  startReindex(index: string, request: ReindexRequest): Promise<GenerationDescription> {
    return this.#json('POST', `${indexPath(index)}/reindex`, request)
  }

  listGenerations(index: string): Promise<GenerationList> {
    return this.#json('GET', `${indexPath(index)}/generations`)
  }

  describeGeneration(index: string, generation: number): Promise<GenerationDescription> {
    return this.#json('GET', generationPath(index, generation))
  }

  orderGeneration(index: string, generation: number, order: GenerationOrder): Promise<GenerationDescription> {
    return this.#json('PATCH', generationPath(index, generation), order)
  }

  cancelGeneration(index: string, generation: number): Promise<GenerationDescription> {
    return this.#json('POST', `${generationPath(index, generation)}/cancel`, {})
  }

  dropGeneration(index: string, generation: number): Promise<GenerationDescription> {
    return this.#json('DELETE', generationPath(index, generation))
  }

  compareGeneration(index: string, generation: number, request: CompareRequest): Promise<ParityReport> {
    return this.#json('POST', `${generationPath(index, generation)}/compare`, request, switchMsDefault)
  }

  promoteGeneration(index: string, generation: number, moveAliases = false): Promise<GenerationDescription> {
    const path = `${generationPath(index, generation)}/promote${moveQuery(moveAliases)}`
    return this.#json('POST', path, {}, switchMsDefault)
  }

  rollBack(index: string, moveAliases = false): Promise<GenerationDescription> {
    return this.#json('POST', `${indexPath(index)}/rollback${moveQuery(moveAliases)}`, {}, switchMsDefault)
  }

  verifyIndex(index: string): Promise<Verification> {
    return this.#json('POST', `${indexPath(index)}/verify`, undefined, verifyMsDefault)
  }

  collectFiles(index: string, request: CollectRequest): Promise<CollectedFiles> {
    return this.#json('POST', `${indexPath(index)}/collect`, request, verifyMsDefault)
  }

  takeSnapshot(index: string, name: string): Promise<SnapshotDescription> {
    return this.#json('POST', `${indexPath(index)}/snapshots`, { name })
  }

  listSnapshots(index: string): Promise<SnapshotList> {
    return this.#json('GET', `${indexPath(index)}/snapshots`)
  }

  async deleteSnapshot(index: string, name: string): Promise<void> {
    await this.#json('DELETE', `${indexPath(index)}/snapshots/${encodeURIComponent(name)}`)
  }

  restoreSnapshot(index: string, name: string, moveAliases = false): Promise<GenerationDescription> {
    const path = `${indexPath(index)}/snapshots/${encodeURIComponent(name)}/restore${moveQuery(moveAliases)}`
    return this.#json('POST', path, {}, verifyMsDefault)
  }

  cloneIndex(index: string, request: CloneRequest): Promise<IndexDescription> {
    return this.#json('POST', `${indexPath(index)}/clone`, request)
  }

  listAside(index: string): Promise<AsideList> {
    return this.#json('GET', `${indexPath(index)}/aside`)
  }

  listAliases(): Promise<AliasTable> {
    return this.#json('GET', 'v1/aliases')
  }

  aliasHistory(): Promise<AliasHistory> {
    return this.#json('GET', 'v1/aliases/history')
  }

  changeAliases(actions: readonly AliasAction[]): Promise<AliasTable> {
    return this.#json('POST', 'v1/aliases', { actions }, switchMsDefault)
  }

  /** A document as the newest write left it. */
  getDocument(index: string, id: string): Promise<StoredDocument> {
    return this.#json('GET', `${indexPath(index)}/documents/${encodeURIComponent(id)}`)
  }

  deleteDocuments(index: string, ids: readonly string[], options: WriteOptions): Promise<PutAnswer> {
    const path = `${indexPath(index)}/documents/delete?wait_for=${options.waitFor}`
    return this.#json('POST', path, { ids }, silenceMsDefault)
  }

  /**
   * Puts documents as they are read. An index that does not exist is found out before anything is sent.
   * @param body NDJSON in UTF-8
   * @throws what reading the body threw: nothing of it was written then
   */
  async putDocuments(
    index: string,
    body: AsyncIterable<Uint8Array>,
    onProgress: (progress: PutProgress) => void,
    options: WriteOptions = { waitFor: 'searchable' },
  ): Promise<PutAnswer> {
    await this.describeIndex(index).catch(unlessForbidden)
    const silence = new SilenceLimit(this.#timeoutMs ?? silenceMsDefault, this.#base)
    const source = new WatchedSource(body)
    const request: HttpRequest = {
      tls: this.#tls,
      url: this.#urlOf(`${indexPath(index)}/documents?progress=true&wait_for=${options.waitFor}`),
      method: 'PUT',
      headers: {
        ...this.#authorization,
        'content-type': 'application/x-ndjson',
        accept: 'application/x-ndjson',
        ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
      },
      body: silence.watch(source.chunks()),
      signal: silence.signal,
    }
    try {
      const answer = await sendRequest(request)
      if (answer.statusCode !== 200) throw problemOfAnswer(answer, await readText(answer, request), request)
      return await readPutAnswer(silence.watch(readChunks(answer, request)), onProgress)
    } catch (error) {
      // The answer to half a body says that the connection broke; why it did is known here.
      throw source.failure ?? error
    } finally {
      silence.end()
    }
  }

  async #json<Answer>(
    method: string,
    path: string,
    body?: unknown,
    waitMs = answerMsDefault,
    onHead: (head: IncomingMessage) => void = () => {},
  ): Promise<Answer> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const request: HttpRequest = {
      tls: this.#tls,
      url: this.#urlOf(path),
      method,
      headers: {
        ...this.#authorization,
        ...(bytes !== undefined && { 'content-type': 'application/json', 'content-length': `${bytes.length}` }),
      },
      ...(bytes === undefined ? {} : { body: once(bytes) }),
      signal: AbortSignal.timeout(this.#timeoutMs ?? waitMs),
    }
    const answer = await sendRequest(request)
    onHead(answer)
    const text = await readText(answer, request)
    const status = answer.statusCode ?? 0
    if (status < 200 || status > 299) throw problemOfAnswer(answer, text, request)
    return (status === 204 ? undefined : parseAnswer(text, request)) as Answer
  }

  #urlOf(path: string): URL {
    return new URL(path, this.#base)
  }
}

/** A key that may write need not be one that may look at the index. */
function unlessForbidden(error: unknown): void {
  if (!(error instanceof ServerProblem) || error.problem.code !== 'forbidden') throw error
}

function parseBaseUrl(text: string): URL {
  const url = URL.parse(text.endsWith('/') ? text : `${text}/`)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new HypershardError('invalid_request', `--url: \`${text}\` is no URL like http://127.0.0.1:7700`)
  }
  return url
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function parseAnswer(text: string, { url }: HttpRequest): unknown {
  try {
    return parseExactJson(text)
  } catch (cause) {
    throw notHypershard(url, cause)
  }
}

function problemOfAnswer(answer: IncomingMessage, text: string, { url }: HttpRequest): Error {
  try {
    const problem = parseProblem(JSON.parse(text))
    if (problem !== undefined) return new ServerProblem(problem)
  } catch (cause) {
    return notHypershard(url, cause, answer.statusCode)
  }
  return notHypershard(url, undefined, answer.statusCode)
}

function notHypershard(url: URL, cause: unknown, status = 200): NotReachable {
  const message = `${url.origin} answers, but not as hypershard does (status ${status}); is --url right?`
  return new NotReachable('unavailable', message, cause)
}
