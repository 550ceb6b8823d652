import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { bundledModelDirectories, type LocalCluster, startCluster } from '@hypershard/local-cluster'
import { EncoderServiceClient } from '@hypershard/proto/encoder'

export const reindexBenchOptions = {
  /** A JSONL file of documents with `title` and `text`; the bundled sample if left out. */
  corpus: { type: 'string' },
  documents: { type: 'string', default: '2000' },
  shards: { type: 'string', default: '2' },
  /** Searches a second while nothing else and while the reindex runs. */
  searches: { type: 'string', default: '5' },
} as const

const index = 'reindex'
const timeoutMs = 3_600_000
const encodeSeconds = 20
const idleSeconds = 20
const callDocuments = 64
const callsInFlight = 4

interface Document {
  readonly id: string
  readonly title: string
  readonly text: string
}

/** What one phase of the run came to. */
type Phase = {
  readonly phase: string
  readonly documents: number
  readonly documentsPerSecond: number | null
  readonly ofEncoder: number | null
  readonly searches: number
  readonly failed: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly p99OfIdle: number | null
}

/**
 * Builds an index, then builds it anew with the other bundled model while searches go on: as fast as it can, and slowed
 * down for the searches. The encoder's own rate is measured on the same documents in the same run.
 */
export async function runReindexBench(options: Readonly<Record<string, unknown>>): Promise<Phase[]> {
  const corpus = typeof options.corpus === 'string' ? options.corpus : 'sample/corpus.jsonl'
  const documents = await readDocuments(corpus, Number(options.documents))
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-reindex-'))
  const cluster = await startCluster({
    dataDirectory: directory,
    modelDirectories: bundledModelDirectories,
    shardServers: 2,
    http: '127.0.0.1:0',
    grpc: '127.0.0.1:0',
    environment: process.env,
    restart: false,
  })
  try {
    return await measure(cluster, documents, { shards: Number(options.shards), searches: Number(options.searches) })
  } finally {
    await cluster.stop()
    await rm(directory, { recursive: true })
  }
}

async function measure(
  cluster: LocalCluster,
  documents: readonly Document[],
  { shards, searches }: { shards: number; searches: number },
): Promise<Phase[]> {
  const encoder = await measureEncoder(cluster, documents)
  await send(cluster, 'POST', '/v1/indexes', { name: index, shards })
  const indexing = await timed(() => put(cluster, documents))
  const phases = [phaseOf('encoder alone', encoder.documents, encoder.seconds, encoder.rate, [])]
  phases.push(phaseOf('indexing', documents.length, indexing, encoder.rate, []))

  const queries = documents.filter((_, at) => at % 97 === 0).map(({ text }) => text.split(' ').slice(0, 8).join(' '))
  const load = (until: Promise<unknown>) => searchUntil(cluster, queries, searches, until)
  const idle = await load(wait(idleSeconds * 1_000))
  phases.push(phaseOf('idle', 0, null, encoder.rate, idle))
  const idleP99 = quantile(idle, 0.99)

  const fast = timed(() => reindex(cluster, 2, {}))
  const fastSearches = await load(fast)
  phases.push(phaseOf('reindex', documents.length, await fast, encoder.rate, fastSearches, idleP99))

  const limit = Math.max(1, Math.round((idleP99 ?? 50) * 2))
  const started = performance.now()
  const slow = reindex(cluster, 3, { search_p99_ms_max: limit }, idleSeconds * 6 * 1_000)
  const slowSearches = await load(slow)
  const done = await slow
  const settled = slowSearches.slice(Math.floor(slowSearches.length / 3))
  phases.push(phaseOf('reindex, slowed', done, (performance.now() - started) / 1_000, encoder.rate, settled, idleP99))
  return phases
}

/** Documents that the encoder alone does a second, on texts of the corpus, with as many calls as an indexer makes. */
async function measureEncoder(cluster: LocalCluster, documents: readonly Document[]) {
  const { address } = cluster.processes.find(({ name }) => name === 'encoder')!
  const client = connectClient(EncoderServiceClient, address)
  const startMs = performance.now()
  let next = 0
  let encoded = 0
  const worker = async () => {
    while (performance.now() - startMs < encodeSeconds * 1_000) {
      const from = (next++ * callDocuments) % documents.length
      const batch = documents.slice(from, from + callDocuments).map(({ title, text }) => ({ title, text }))
      const request = { modelDigest: '', documents: batch }
      await callUnary(client.encodeDocuments.bind(client), request, Deadline.after(timeoutMs), 'encoder service')
      encoded += batch.length
    }
  }
  try {
    await Promise.all(Array.from({ length: callsInFlight }, worker))
  } finally {
    client.close()
  }
  const seconds = (performance.now() - startMs) / 1_000
  return { documents: encoded, seconds, rate: encoded / seconds }
}

async function put(cluster: LocalCluster, documents: readonly Document[]): Promise<void> {
  const lines = documents.map(document => `${JSON.stringify(document)}\n`).join('')
  const path = `/v1/indexes/${index}/documents?wait_for=searchable`
  await send(cluster, 'PUT', path, lines, 'application/x-ndjson')
}

/** Builds a generation until it has caught up, or for a while. @returns documents copied */
async function reindex(cluster: LocalCluster, generation: number, more: object, msMax = timeoutMs): Promise<number> {
  const endMs = performance.now() + msMax
  await send(cluster, 'POST', `/v1/indexes/${index}/reindex`, { model: 'minilm-dense', ...more })
  const path = `/v1/indexes/${index}/generations/${generation}`
  for (;;) {
    const { progress, documents } = await send<{ progress: { caught_up: boolean }; documents: number }>(
      cluster,
      'GET',
      path,
    )
    if (progress.caught_up || performance.now() > endMs) {
      await send(cluster, 'POST', `${path}/cancel`, {})
      return documents
    }
    await wait(250)
  }
}

/** Searches at an even pace, whatever the answers take. @returns milliseconds of each; NaN for one that failed */
async function searchUntil(
  cluster: LocalCluster,
  queries: readonly string[],
  perSecond: number,
  until: Promise<unknown>,
): Promise<number[]> {
  const times: number[] = []
  const running: Promise<void>[] = []
  let over = false
  const end = () => {
    over = true
  }
  until.then(end, end)
  for (let at = 0; !over; at++) {
    // Another word each time, so that no cache answers.
    const query = `${queries[at % queries.length]} ${at}`
    running.push(searchOnce(cluster, query).then(tookMs => void times.push(tookMs)))
    await wait(1_000 / perSecond)
  }
  await Promise.all(running)
  return times
}

async function searchOnce(cluster: LocalCluster, query: string): Promise<number> {
  const startMs = performance.now()
  try {
    await send(cluster, 'POST', `/v1/indexes/${index}/search`, { query, k: 10, ids_only: true })
    return performance.now() - startMs
  } catch {
    return Number.NaN
  }
}

function phaseOf(
  phase: string,
  documents: number,
  seconds: number | null,
  encoderRate: number,
  times: readonly number[],
  idleP99?: number | null,
): Phase {
  const rate = seconds === null ? null : documents / seconds
  const p99Ms = quantile(times, 0.99)
  return {
    phase,
    documents,
    documentsPerSecond: rate,
    ofEncoder: rate === null ? null : rate / encoderRate,
    searches: times.length,
    failed: times.filter(Number.isNaN).length,
    p50Ms: quantile(times, 0.5),
    p99Ms,
    p99OfIdle: p99Ms === null || !idleP99 ? null : p99Ms / idleP99,
  }
}

function quantile(times: readonly number[], share: number): number | null {
  const sorted = times.filter(Number.isFinite).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (performance.now() - startMs) / 1_000
}

async function readDocuments(path: string, count: number): Promise<Document[]> {
  const documents: Document[] = []
  while (documents.length < count) {
    const before = documents.length
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (line.trim() === '' || documents.length === count) continue
      const { title = '', text = '' } = JSON.parse(line) as { title?: string; text?: string }
      if (`${title}${text}`.trim() !== '') documents.push({ id: `d${documents.length}`, title, text })
    }
    if (documents.length === before) throw new Error(`${path} has no documents`)
  }
  return documents
}

async function send<Body>(
  cluster: LocalCluster,
  method: string,
  path: string,
  body?: object | string,
  type = 'application/json',
): Promise<Body> {
  const content = typeof body === 'string' ? body : JSON.stringify(body)
  const init = body === undefined ? {} : { headers: { 'content-type': type }, body: content }
  const response = await fetch(`${cluster.httpUrl}${path}`, { method, ...init, signal: AbortSignal.timeout(timeoutMs) })
  const answer = (await response.json()) as Body
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
  return answer
}
