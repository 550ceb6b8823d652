import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { errorCatalogue, HypershardError, messageOf, toHypershardError } from '@hypershard/common'
import {
  type ClusterDescription,
  type Hit,
  hasMoreCharacters,
  type IndexDescription,
  type ModelDescription,
  type PutAnswer,
  queryCharactersMax,
  type SearchAnswer,
  type SearchProfile,
  type SearchRequest,
  searchDefaults,
} from '@hypershard/contract'
import { describeFakeCluster } from './fake-cluster.ts'
import { FakeServers } from './fake-servers.ts'

/** A search of words, which is all that it does. */
type TextSearch = SearchRequest & { readonly query: string }

type StoredDocument = Omit<Hit, 'score'>

interface FakeIndex {
  readonly name: string
  readonly shards: number
  readonly documents: Map<string, StoredDocument>
  readonly snapshots: Map<string, ReadonlyMap<string, StoredDocument>>
  generation: number
  aliased: number
  version: number
}

const model: ModelDescription = {
  name: 'fake-model',
  digest: 'f'.repeat(64),
  description: 'no model at all',
  license: 'Apache-2.0',
  source: 'nowhere',
  languages: ['en'],
  vector_width: 384,
  qnet: {
    vector_dimensions: [384, 384, 384, 1],
    activation: 'relu',
    layer_norm: true,
    layer_norm_before_residual: true,
    residual: true,
    residual_on_last: false,
  },
  qnet_parameters: 295_296,
  max_query_tokens: 64,
  max_document_tokens: 256,
  bytes: 22_900_000,
  interprets: false,
  default: true,
}

export interface FakeApiOptions {
  /** Called with the query of each search, and the whole request; what it throws is answered. */
  readonly onSearch?: (query: string, request: SearchRequest) => void
  /** Whether a search finds this document. */
  /** Names of indexes that are said to lack their model. */
  readonly unserved?: readonly string[]
  readonly keepHit?: (id: string, request: SearchRequest) => boolean
}

/** The coordinator's HTTP API in memory, as docs/api.md tells it. A hit's score is the share of query words in it. */
export function createFakeApi({
  onSearch = () => {},
  keepHit = () => true,
  unserved = [],
}: FakeApiOptions = {}): RequestListener {
  const indexes = new Map<string, FakeIndex>()
  const fakeServers = new FakeServers()
  return (request, response) => {
    answer({ indexes, fakeServers }, request, response, { onSearch, keepHit, unserved }).catch(error => {
      // Who broke off in the middle of a body is told no more.
      if (response.headersSent) {
        response.destroy()
        return
      }
      const { code, message, details } = toHypershardError(error)
      const { http: status, title, retryable } = errorCatalogue[code]
      const type = `https://hypershard.dev/errors/${code}`
      const detail = error instanceof HypershardError ? message : messageOf(error)
      send(response, status, { type, title, status, code, detail, retryable, details })
    })
  }
}

async function answer(
  { indexes, fakeServers }: { indexes: Map<string, FakeIndex>; fakeServers: FakeServers },
  request: IncomingMessage,
  response: ServerResponse,
  { onSearch, keepHit, unserved }: Required<FakeApiOptions>,
) {
  const url = new URL(request.url ?? '/', 'http://fake')
  const [, , collection = '', name, action, part = '', order] = url.pathname.split('/').map(decodeURIComponent)
  if (collection === 'cluster' && name === 'servers') {
    const { servers } = describeCluster(indexes, unserved)
    return send(response, 200, fakeServers.answer(servers, action, part))
  }
  const route = [
    `${request.method} ${url.pathname === '/readyz' ? 'readyz' : collection}`,
    ...[name && ':name', action, part && ':part', order].filter(Boolean),
  ].join('/')
  switch (route) {
    case 'GET readyz':
      return send(response, 200, {})
    case 'GET ':
      return send(response, 200, { name: 'hypershard', version: '0.1.0', links: {} })
    case 'GET models':
      return send(response, 200, { models: [model], cross_encoders: [] })
    case 'GET cluster':
      return send(response, 200, describeCluster(indexes, unserved))
    case 'GET indexes':
      return send(response, 200, { indexes: [...indexes.values()].map(describe) })
    case 'POST indexes':
      return send(response, 201, describe(create(indexes, await readJson(request))))
    case 'GET indexes/:name':
      return send(response, 200, describe(find(indexes, name)))
    case 'GET indexes/:name/generations':
      return send(response, 200, { generations: [] })
    case 'GET aliases':
      return send(response, 200, { version: 1, aliases: aliasesIn(indexes), created_at: '2026-11-23T00:00:00.000Z' })
    case 'DELETE indexes/:name':
      indexes.delete(find(indexes, name).name)
      return response.writeHead(204).end()
    case 'PUT indexes/:name/documents':
      return put(find(indexes, name), request, response)
    case 'POST indexes/:name/search': {
      const given = await readJson<SearchRequest>(request)
      // What stands in the place of a text finds whatever there is.
      const isText = given.vector === undefined && given.qnet === undefined && typeof given.query !== 'object'
      const body: TextSearch = { ...given, query: typeof given.query === 'string' ? given.query : '' }
      if (isText) checkQuery(body.query)
      onSearch(body.query, given)
      return send(
        response,
        200,
        search(find(indexes, name), body, id => keepHit(id, body)),
      )
    }
    case 'POST indexes/:name/search/:part': {
      const { searches } = await readJson<{ readonly searches: readonly TextSearch[] }>(request)
      const outcomes = searches.map(body => ({ status: 200, answer: search(find(indexes, name), body, () => true) }))
      return send(response, 200, { outcomes, took_ms: 4.1 })
    }
    case 'GET indexes/:name/snapshots':
      return send(response, 200, { snapshots: listSnapshots(find(indexes, name)) })
    case 'POST indexes/:name/snapshots':
      return send(response, 201, takeSnapshot(find(indexes, name), await readJson(request)))
    case 'DELETE indexes/:name/snapshots/:part':
      findSnapshot(find(indexes, name), part)
      find(indexes, name).snapshots.delete(part)
      return response.writeHead(204).end()
    case 'POST indexes/:name/snapshots/:part/restore':
      return send(response, 201, restore(find(indexes, name), part, url.searchParams.has('move_aliases')))
    case 'POST indexes/:name/clone':
      return send(response, 201, describe(clone(indexes, find(indexes, name), await readJson(request))))
    default:
      throw new HypershardError('route_not_found', route)
  }
}

function checkQuery(query: string) {
  const fault =
    query.trim() === ''
      ? 'must not be blank'
      : hasMoreCharacters(query, queryCharactersMax)
        ? `must be at most ${queryCharactersMax} characters`
        : ''
  if (fault === '') return
  const details = { issues: [{ path: 'query', message: fault }] }
  throw new HypershardError('invalid_request', `body.query: ${fault}`, { details })
}

function find(indexes: Map<string, FakeIndex>, name = ''): FakeIndex {
  const index = indexes.get(name)
  if (index === undefined) throw new HypershardError('index_not_found', `index \`${name}\` does not exist`)
  return index
}

function create(indexes: Map<string, FakeIndex>, { name, shards = 2 }: { name: string; shards?: number }): FakeIndex {
  if (!/^[a-z0-9]/.test(name)) throw new HypershardError('invalid_request', `\`${name}\` cannot be an index's name`)
  if (indexes.has(name)) throw new HypershardError('index_exists', `index \`${name}\` exists`)
  const index = { name, shards, documents: new Map(), snapshots: new Map(), generation: 1, aliased: 1, version: 0 }
  indexes.set(name, index)
  return index
}

function findSnapshot(index: FakeIndex, snapshot: string) {
  const documents = index.snapshots.get(snapshot)
  if (documents !== undefined) return documents
  throw new HypershardError('snapshot_not_found', `index \`${index.name}\` has no snapshot \`${snapshot}\``)
}

function takeSnapshot(index: FakeIndex, { name }: { name: string }) {
  if (index.snapshots.has(name)) throw new HypershardError('snapshot_exists', `there is a snapshot \`${name}\``)
  index.snapshots.set(name, new Map(index.documents))
  return listSnapshots(index).find(snapshot => snapshot.name === name)
}

function listSnapshots({ snapshots, generation }: FakeIndex) {
  return [...snapshots].sort().map(([name, documents]) => ({
    name,
    generation,
    manifest_version: 1,
    sequence: 1,
    documents: documents.size,
    model: { name: model.name, digest: model.digest },
    created_at: '2026-11-23T00:00:00.000Z',
  }))
}

/** Every index `x` has an alias `x-live`, which stays with its generation unless it is moved along. */
function aliasesIn(indexes: Map<string, FakeIndex>) {
  return [...indexes.values()].map(({ name: index, aliased }) => {
    return { alias: `${index}-live`, index, generation: aliased, problem: null }
  })
}

function restore(index: FakeIndex, snapshot: string, moveAliases: boolean) {
  const documents = findSnapshot(index, snapshot)
  if (moveAliases) index.aliased = index.generation + 1
  index.documents.clear()
  for (const [id, document] of documents) index.documents.set(id, document)
  return { index: index.name, generation: ++index.generation, documents: documents.size }
}

function clone(
  indexes: Map<string, FakeIndex>,
  from: FakeIndex,
  { name, snapshot }: { name: string; snapshot?: string },
) {
  const documents = snapshot === undefined ? from.documents : findSnapshot(from, snapshot)
  const index = create(indexes, { name, shards: from.shards })
  for (const [id, document] of documents) index.documents.set(id, document)
  return index
}

function describe({ name, shards, documents, version, generation }: FakeIndex): IndexDescription {
  return {
    name,
    model: { name: model.name, digest: model.digest },
    shards,
    fields: {},
    replicas: 1,
    documents: documents.size,
    documents_truncated: 0,
    documents_aside: 0,
    documents_unreadable: unreadIn({ documents }).documents_unreadable,
    unknown_token_share: 0,
    segments: shards * version,
    generation,
    manifest_version: version,
    sequence: version,
    created_at: '2026-11-23T00:00:00.000Z',
  }
}

function describeCluster(indexes: Map<string, FakeIndex>, unserved: readonly string[]): ClusterDescription {
  const held = [...indexes.values()].map(({ name, documents }) => ({ index: name, documents: documents.size }))
  return describeFakeCluster(held, { model, unserved })
}

async function put(index: FakeIndex, request: IncomingMessage, response: ServerResponse) {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  const write = (message: unknown) => response.write(`${JSON.stringify(message)}\n`)
  write({ progress: { received: 0, sequence: null, waiting: null } })
  const errors: unknown[] = []
  const lines = (await readText(request)).split('\n').filter(line => line !== '')
  for (const [at, line] of lines.entries()) {
    try {
      const { _id, id = _id, title, text, ...fields } = JSON.parse(line)
      if (id === undefined) throw new Error('it has no id')
      index.documents.set(id, { id, title, text, fields })
    } catch (error) {
      errors.push({ line: at + 1, id: null, code: 'invalid_request', message: messageOf(error) })
    }
  }
  index.version++
  const sequence = index.version
  write({ progress: { received: lines.length, sequence, waiting: 0 } })
  const result: Omit<PutAnswer, 'errors'> = {
    received: lines.length,
    accepted: lines.length - errors.length,
    failed: errors.length,
    sequence,
    repeated: false,
    searchable: true,
    problem: null,
    took_ms: 12.5,
    manifest_version: index.version,
    ...unreadIn(index),
  }
  response.end(`${JSON.stringify({ result: { ...result, errors: errors.slice(0, 1_000) } })}\n`)
}

function search(index: FakeIndex, request: TextSearch, isFound: (id: string) => boolean): SearchAnswer {
  const words = request.query.toLowerCase().split(/\s+/)
  const found = [...index.documents.values()].filter(({ id }) => isFound(id))
  const hits = found.map(({ id, ...rest }) => {
    const text = `${rest.title} ${rest.text}`.toLowerCase()
    const score = words.filter(word => text.includes(word)).length / words.length
    return request.ids_only ? { id, score } : { id, score, ...rest }
  })
  hits.sort((one, other) => other.score - one.score || (one.id < other.id ? -1 : 1))
  const documents = index.documents.size
  const counts = { documents_scored: documents, documents_scanned: 0, documents_walked: 0 }
  const profile: SearchProfile = {
    encode_ms: 1.5,
    fan_out_ms: 2,
    merge_ms: 0.1,
    fetch_ms: 0.5,
    qnet_bytes: 1_536,
    query_form: 'weights',
    qnet_cached: false,
    shards: [
      {
        shard: 0,
        server: '127.0.0.1:7002',
        attempts: 1,
        hedged: false,
        won_by: 'first',
        ...counts,
        plan: 'exact',
        stop_reason: 'complete',
        queue_ms: 0.1,
        head_ms: 0,
        score_ms: 0.7,
        ship_ms: 0.4,
      },
    ],
  }
  return {
    hits: hits.slice(0, request.k ?? searchDefaults.k),
    coverage: {
      documents_eligible: documents,
      documents_matched: documents,
      ...counts,
      ratio: 1,
      non_finite_scores: 0,
      missing: [],
    },
    plan: request.plan ?? searchDefaults.plan,
    took_ms: 4.1,
    manifest_version: index.version,
    query_truncated: false,
    ...queryTokens(request.query),
    cached: false,
    next_cursor: null,
    ...(request.profile ? { profile } : {}),
  }
}

/** Its words, and those that are not ASCII, which this model does not know. */
function tokensOf(text: string) {
  // As BERT's tokenizer does, which reads no format characters.
  const words = text
    .replace(/\p{Cf}/gu, '')
    .split(/\s+/)
    .filter(word => word !== '')
  return { tokens: words.length, unknown_tokens: words.filter(word => !/^[!-~]+$/.test(word)).length }
}

function queryTokens(query: string) {
  const { tokens, unknown_tokens } = tokensOf(query)
  return { query_tokens: tokens, query_unknown_tokens: unknown_tokens }
}

function unreadIn({ documents }: Pick<FakeIndex, 'documents'>) {
  const read = [...documents.values()].map(({ id, title, text }) => ({
    id,
    ...tokensOf(`${title ?? ''} ${text ?? ''}`),
  }))
  const unreadable = read.filter(({ tokens, unknown_tokens }) => 2 * unknown_tokens >= tokens)
  return { documents_unreadable: unreadable.length, unreadable: unreadable.slice(0, 8) }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function readJson<Body>(request: IncomingMessage): Promise<Body> {
  return JSON.parse(await readText(request)) as Body
}

function send(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
