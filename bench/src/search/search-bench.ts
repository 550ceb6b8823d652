/**
 * Recall against time of the search plans, on real vectors and the q-nets of real queries: the shard server's own scoring
 * threads on one segment, one query at a time. Encoding, the wire and the fetch of texts are left out.
 */
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Deadline, silentLogger } from '@hypershard/common'
import { EncodingModel, loadModelDirectory } from '@hypershard/encoder-service'
import { measureRanking } from '@hypershard/evaluation'
import { type QNetArchitecture, qnetDigest, type ScoringPrecision, vectorWidth } from '@hypershard/qnet'
import { type ScanRequest, ScoringPool } from '@hypershard/shard-server'
import { holdVectors } from '../hold-vectors.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const searchBenchOptions = {
  /** Document vectors of the model: f32, little-endian, row-major, without a header. */
  vectors: { type: 'string' },
  /** JSONL with `text` and, where judged, `relevant`: grades by row of the vectors, in eight digits as `holdVectors` has ids. */
  queries: { type: 'string' },
  model: { type: 'string', default: join(repository, 'models/hypershard-mini') },
  /** Sizes, separated by commas; beyond the vectors there are, rows are earlier ones with noise (see `enlarge`). */
  documents: { type: 'string' },
  'queries-max': { type: 'string', default: '50' },
  threads: { type: 'string', default: String(availableParallelism()) },
} as const

interface Plan {
  readonly name: string
  readonly scoring: ScoringPrecision
  readonly plan: ScanRequest['plan']
}

type QNet = ScanRequest['qnet']

/** Grades by id. */
type Relevant = Readonly<Record<string, number>>

interface EncodedQuery {
  readonly qnet: QNet
  readonly relevant: Relevant | undefined
}

const hits = 10
const key = 'bench'
const timeoutMs = 60_000
const warmUpQueries = 3
const sampleRows = 64
/** Of a noisy copy: the length of the noise beside the vector's. Their cosine is about 0.96. */
const noiseLength = 0.3

const plans: readonly Plan[] = [
  { name: 'exact', scoring: 'fp32', plan: { kind: 'exact' } },
  { name: 'exact int8', scoring: 'int8', plan: { kind: 'exact' } },
  ...[10, 30, 100, 200, 1_000].map(
    (candidates): Plan => ({ name: `tangent ${candidates}`, scoring: 'fp32', plan: { kind: 'tangent', candidates } }),
  ),
]

/** What one plan found and took. */
interface Measured {
  readonly ids: readonly (readonly string[])[]
  readonly timesMs: readonly number[]
  readonly evaluations: number
  readonly scanned: number
}

export async function runSearchBench(options: Readonly<Record<string, unknown>>) {
  const { vectors: vectorsPath, queries: queriesPath } = options
  if (typeof vectorsPath !== 'string' || typeof queriesPath !== 'string') {
    throw new Error('give --vectors FILE (f32, no header) and --queries FILE (JSONL with "text")')
  }
  const { architecture, queries } = await encodeQueries(
    String(options.model),
    queriesPath,
    Number(options['queries-max']),
  )
  const width = vectorWidth(architecture)
  const vectors = await readVectors(vectorsPath, width)
  const real = vectors.length / width
  const sizes = typeof options.documents === 'string' ? options.documents.split(',').map(Number) : [real]
  const rows = []
  for (const documents of sizes) {
    const corpus = enlarge(vectors, width, documents)
    rows.push(...(await measureSize(corpus, width, { queries, threads: Number(options.threads), real })))
  }
  return rows
}

async function measureSize(
  corpus: Float32Array,
  width: number,
  { queries, threads, real }: { queries: readonly EncodedQuery[]; threads: number; real: number },
) {
  const pool = new ScoringPool({ threads, searchesMax: 1, log: silentLogger(), onDeath: fail })
  const shards = holdVectors(pool, key, corpus, width)
  const sample = corpus.slice(0, sampleRows * width)
  const measured = new Map<Plan, Measured>()
  const qnets = queries.map(({ qnet }) => qnet)
  for (const plan of plans) measured.set(plan, await measurePlan(pool, plan, qnets, { sample, shards }))
  await pool.close()
  const exact = measured.get(plans[0]!)!
  const exactMs = median(exact.timesMs)
  const documents = corpus.length / width
  return [...measured].map(([plan, { ids, timesMs, evaluations, scanned }]) => ({
    plan: plan.name,
    documents,
    real: Math.min(real, documents),
    queries: queries.length,
    recallAt10: mean(ids.map((found, at) => found.filter(id => exact.ids[at]!.includes(id)).length / hits)),
    ndcgAt10: ndcg(ids, queries),
    p50Ms: median(timesMs),
    p99Ms: timesMs.toSorted((a, b) => a - b)[Math.ceil(timesMs.length * 0.99) - 1]!,
    evaluations,
    scanned,
    speedupOverExact: exactMs / median(timesMs),
  }))
}

async function measurePlan(
  pool: ScoringPool,
  { scoring, plan }: Plan,
  qnets: readonly QNet[],
  corpus: Pick<ScanRequest, 'sample' | 'shards'>,
): Promise<Measured> {
  const search = async (qnet: QNet) => {
    const request = { qnet, scoring, plan, limit: hits, after: undefined, ...corpus }
    const beginMs = performance.now()
    const { scans } = await pool.scan({ ...request, endEpochMs: Date.now() + timeoutMs }, Deadline.after(timeoutMs))
    const tookMs = performance.now() - beginMs
    assert.equal(scans[0]!.stop, 'complete')
    return { scan: scans[0]!, tookMs }
  }
  for (const qnet of qnets.slice(0, warmUpQueries)) await search(qnet)
  const found = []
  for (const qnet of qnets) found.push(await search(qnet))
  return {
    ids: found.map(({ scan }) => scan.hits.map(({ id }) => id)),
    timesMs: found.map(({ tookMs }) => tookMs),
    evaluations: mean(found.map(({ scan }) => scan.documentsScored)),
    scanned: mean(found.map(({ scan }) => scan.documentsScanned)),
  }
}

async function encodeQueries(modelPath: string, queriesPath: string, queriesMax: number) {
  const directory = await loadModelDirectory(modelPath)
  const model = await EncodingModel.fromDirectory(directory, availableParallelism())
  const architecture: QNetArchitecture = directory.settings.qnet
  const lines: { text: string; relevant?: Relevant }[] = []
  for await (const line of createInterface({ input: createReadStream(queriesPath) })) {
    if (lines.length === queriesMax) break
    if (line !== '') lines.push(JSON.parse(line))
  }
  const queries: EncodedQuery[] = []
  for (const { text, relevant } of lines) {
    const [answer] = await model.encodeQueries([{ text, wish: { form: 'weights', precision: 'f32' } }])
    if (answer === undefined || !('bytes' in answer)) throw new Error(`"${text}" could not be encoded`)
    const weights = answer.bytes
    const digest = qnetDigest(architecture, 'f32', weights)
    queries.push({ qnet: { digest, architecture, precision: 'f32', weights }, relevant })
  }
  return { architecture, queries }
}

/** Over the judged queries; null when there are none. */
function ndcg(ids: readonly (readonly string[])[], queries: readonly EncodedQuery[]): number | null {
  const values = queries.flatMap(({ relevant }, at) =>
    relevant === undefined
      ? []
      : [
          measureRanking(
            { kind: 'nDCG', depth: hits },
            { ranked: ids[at]!.map(id => relevant[id] ?? 0), judged: Object.values(relevant) },
          ),
        ],
  )
  return values.length === 0 ? null : mean(values)
}

async function readVectors(path: string, width: number): Promise<Float32Array> {
  const bytes = await readFile(path)
  assert.equal(bytes.length % (width * 4), 0, `${path} is no whole number of f32 vectors of width ${width}`)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/**
 * The first `rows` vectors; where there are fewer, copies of them with Gaussian-like noise, of length 1 again. Copies crowd
 * round their originals, so that the best ten lie closer together than in a real corpus of that size.
 */
function enlarge(vectors: Float32Array, width: number, rows: number): Float32Array {
  const enlarged = new Float32Array(rows * width)
  enlarged.set(vectors.subarray(0, rows * width))
  let state = 1
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  // A sum of two uniform numbers less their mean has variance 1/6.
  const spread = noiseLength * Math.sqrt(6 / width)
  for (let at = vectors.length; at < enlarged.length; at += width) {
    const copy = enlarged.subarray(at, at + width)
    const source = at % vectors.length
    let squares = 0
    for (let dimension = 0; dimension < width; dimension++) {
      copy[dimension] = vectors[source + dimension]! + spread * (uniform() + uniform() - 1)
      squares += copy[dimension]! ** 2
    }
    const length = Math.sqrt(squares)
    for (let dimension = 0; dimension < width; dimension++) copy[dimension]! /= length
  }
  return enlarged
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function fail(error: Error): never {
  throw error
}
