/**
 * Ranking quality of the shipped model through a running cluster, beside the same vectors scored by numpy: what fan-out,
 * blocks, merge and storage may not change.
 */
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import {
  type AnsweredHit,
  type Judgements,
  judgeRun,
  keepRankOrder,
  type Queries,
  readBeirFolder,
  type ScoredDocument,
} from '@hypershard/evaluation'
import { denseModelDirectory, type LocalCluster, startCluster } from '@hypershard/local-cluster'
import {
  type EncodeQueryRequest,
  type EncodeQueryResponse,
  EncoderServiceClient,
  QueryForm,
} from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import {
  createDirectoryStore,
  firstGeneration,
  latestManifest,
  openSegment,
  readIndex,
  textAt,
} from '@hypershard/storage'

export const qualityBenchOptions = {
  /** A collection in BEIR's layout. */
  data: { type: 'string' },
  split: { type: 'string', default: 'test' },
  shards: { type: 'string', default: '4' },
  /** A Python that has numpy. */
  python: { type: 'string' },
} as const

const depth = 10
const indexName = 'quality'
const timeoutMs = 600_000
const numpyScript = fileURLToPath(
  new URL('../../../training/hypershard_training/measure/score_numpy.py', import.meta.url),
)

/** Only queries that are judged in the split, and have a text. */
interface Judged {
  readonly queries: Queries
  readonly judgements: Judgements
}

export async function runQualityBench(options: Readonly<Record<string, unknown>>) {
  if (typeof options.data !== 'string') throw new Error('--data: the folder of a collection in BEIR layout')
  const judged = await readJudged(options.data, String(options.split))
  const directory = await mkdtemp(join(tmpdir(), 'hypershard-quality-'))
  const cluster = await startCluster({
    dataDirectory: directory,
    modelDirectories: [denseModelDirectory],
    shardServers: 2,
    http: '127.0.0.1:0',
    grpc: '127.0.0.1:0',
    environment: { ...process.env },
    restart: false,
  })
  try {
    const indexed = await indexCollection(cluster, options.data, Number(options.shards))
    const searched = await searchAll(cluster, judged)
    const numpy =
      typeof options.python === 'string' ? await scoreByNumpy(cluster, directory, judged, options.python) : undefined
    const row = {
      collection: basename(options.data),
      documents: indexed.documents,
      queries: judged.queries.size,
      shards: Number(options.shards),
      ndcgAt10: searched.ndcg,
      numpyNdcgAt10: numpy ?? null,
      difference: numpy === undefined ? null : Math.abs(numpy - searched.ndcg),
      documentsPerSecond: indexed.documentsPerSecond,
      searchMedianMs: searched.medianMs,
    }
    return [row]
  } finally {
    await cluster.stop()
    await rm(directory, { recursive: true })
  }
}

async function readJudged(folder: string, split: string): Promise<Judged> {
  const { queries, judgements } = await readBeirFolder(folder, split)
  const judged = new Map([...queries].filter(([id]) => judgements.has(id)))
  return { queries: judged, judgements: new Map([...judgements].filter(([id]) => judged.has(id))) }
}

async function indexCollection(cluster: LocalCluster, folder: string, shards: number) {
  await send(cluster, 'POST', '/v1/indexes', 'application/json', JSON.stringify({ name: indexName, shards }))
  const startMs = performance.now()
  const corpus = Readable.toWeb(createReadStream(join(folder, 'corpus.jsonl'))) as ReadableStream
  const path = `/v1/indexes/${indexName}/documents?wait_for=searchable`
  const { accepted } = await send<{ accepted: number }>(cluster, 'PUT', path, 'application/x-ndjson', corpus)
  return { documents: accepted, documentsPerSecond: (accepted / (performance.now() - startMs)) * 1000 }
}

async function searchAll(cluster: LocalCluster, { queries, judgements }: Judged) {
  const times: number[] = []
  const run = new Map<string, readonly ScoredDocument[]>()
  for (const [id, text] of queries) {
    const startMs = performance.now()
    const body = JSON.stringify({ query: text, k: depth, ids_only: true })
    const path = `/v1/indexes/${indexName}/search`
    const { hits } = await send<{ hits: AnsweredHit[] }>(cluster, 'POST', path, 'application/json', body)
    times.push(performance.now() - startMs)
    run.set(id, keepRankOrder(hits))
  }
  const [ndcg] = judgeRun(run, judgements, [{ kind: 'nDCG', depth }]).means
  return { ndcg: ndcg!, medianMs: times.sort((a, b) => a - b)[times.length >> 1]! }
}

/** Dumps the stored vectors and the queries' q-nets, which are vectors for a depth-0 model, and lets numpy rank them. */
async function scoreByNumpy(cluster: LocalCluster, directory: string, judged: Judged, python: string) {
  const store = await createDirectoryStore(join(directory, 'store'))
  const index = await readIndex(store, indexName)
  const vectors: Float32Array[] = []
  const documentIds: string[] = []
  for (const { digest } of (await latestManifest(store, firstGeneration(index))).segments) {
    const segment = await openSegment(store, { index: index.name, generation: index.generation, digest })
    vectors.push(await segment.loadVectors())
    const ids = await segment.loadIds()
    for (let row = 0; row < segment.documents; row++) documentIds.push(textAt(ids, row))
  }
  const dump = await mkdtemp(join(directory, 'dump-'))
  await writeFile(join(dump, 'vectors.f32'), Buffer.concat(vectors.map(toBytes)))
  await writeFile(join(dump, 'queries.f32'), Buffer.concat(await encodeQueries(cluster, judged)))
  const judgements = Object.fromEntries([...judged.judgements].map(([id, grades]) => [id, Object.fromEntries(grades)]))
  const queryIds = [...judged.queries.keys()]
  const facts = { width: index.vectorWidth, documentIds, queryIds, judgements }
  await writeFile(join(dump, 'facts.json'), JSON.stringify(facts))
  const { stdout } = await promisify(execFile)(python, [numpyScript, '--dump', dump], { timeout: timeoutMs })
  return (JSON.parse(stdout) as { ndcgAt10: number }).ndcgAt10
}

async function encodeQueries(cluster: LocalCluster, { queries }: Judged): Promise<Buffer[]> {
  const encoder = cluster.processes.find(({ name }) => name === 'encoder')!
  const client = connectClient(EncoderServiceClient, encoder.address)
  try {
    const weights: Buffer[] = []
    for (const text of queries.values()) {
      const { query } = await callUnary<EncodeQueryRequest, EncodeQueryResponse>(
        client.encodeQuery.bind(client),
        {
          modelDigest: '',
          text,
          form: QueryForm.QUERY_FORM_WEIGHTS,
          precision: WeightsPrecision.WEIGHTS_PRECISION_F32,
        },
        Deadline.after(timeoutMs),
        'encoder service',
      )
      if (query?.$case !== 'qnet') throw new Error('the encoder service gave no q-net')
      weights.push(query.value.weights)
    }
    return weights
  } finally {
    client.close()
  }
}

function toBytes(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}

async function send<Body>(
  cluster: LocalCluster,
  method: string,
  path: string,
  type: string,
  body: string | ReadableStream,
): Promise<Body> {
  const init = {
    method,
    headers: { 'content-type': type },
    body,
    duplex: 'half',
    signal: AbortSignal.timeout(timeoutMs),
  }
  const response = await fetch(`${cluster.httpUrl}${path}`, init as RequestInit)
  const answer = (await response.json()) as Body
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
  return answer
}
