/**
 * Search plans over more documents than there are real ones, with q-nets of the paper's size: vectors generated from a mixture
 * that is fitted to real ones, q-nets as nearly linear as real ones that point where those of real queries point. What a plan
 * finds is held against the best of very many candidates; that those are the exact hits is checked on a few queries.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '@hypershard/common'
import {
  decodeWeights,
  encodeWeights,
  type QNetArchitecture,
  QNetScorer,
  type QNetWeights,
  qnetDigest,
  vectorWidth,
} from '@hypershard/qnet'
import { publishedArchitecture } from '@hypershard/qnet/testing'
import { DocumentGraph } from '@hypershard/segments'
import { type ScanRequest, ScoringPool } from '@hypershard/shard-server'
import { holdVectors } from '../hold-vectors.ts'
import { type BenchQuery, encodeBenchQueries, readQueries } from '../search/bench-queries.ts'
import { readVectors } from '../search/bench-vectors.ts'
import { figuresOf, type Measured, measureSearcher } from '../search/measure-searcher.ts'
import { planSearcher, type Searcher } from '../search/searchers.ts'
import { median } from '../statistics.ts'
import { fitGenerator, type VectorGenerator } from './generate-vectors.ts'
import { type Matrix, openProducts, toLengthOne } from './matrices.ts'
import { linearShare, meanOf, type TrainedLike, trainedLike } from './trained-like-qnets.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const scaleBenchOptions = {
  /** Real document vectors of the model: f32, little-endian, row-major, without a header. */
  vectors: { type: 'string' },
  /** JSONL with `text`. */
  queries: { type: 'string' },
  model: { type: 'string', default: join(repository, 'models/hypershard-mini') },
  /** Sizes, separated by commas. */
  documents: { type: 'string', default: '1000000' },
  width: { type: 'string', default: '768' },
  depth: { type: 'string', default: '6' },
  'queries-max': { type: 'string', default: '200' },
  /** Queries that every document is scored for. */
  'exact-queries': { type: 'string', default: '5' },
  threads: { type: 'string', default: String(availableParallelism()) },
} as const

/** f32, the int8 copy, and the graph's own vectors. */
const bytesPerValue = 6
const rowsPerSegment = 1_000_000
const rowsPerAppend = 16_384
/** Generated documents that linearity is measured on, and queries that it is measured with. */
const linearRows = 4_096
const linearQueries = 9
/** Scored for each query to know its best ten, by each thread. */
const truthCandidates = 5_000
const expansions = [64, 128, 256, 512, 1_024]

interface Scale {
  readonly threads: number
  readonly exactQueries: number
  readonly generator: VectorGenerator
  readonly width: number
  readonly queries: readonly BenchQuery[]
}

export async function runScaleBench(options: Readonly<Record<string, unknown>>) {
  const { vectors: vectorsPath, queries: queriesPath } = options
  if (typeof vectorsPath !== 'string' || typeof queriesPath !== 'string') {
    throw new Error('give --vectors FILE (f32, no header) and --queries FILE (JSONL with "text")')
  }
  const sizes = String(options.documents).split(',').map(Number)
  const [width, threads] = [Number(options.width), Number(options.threads)]
  const needed = Math.max(...sizes) * width * bytesPerValue
  if (needed > totalmem()) {
    throw new Error(
      `${Math.max(...sizes)} documents of width ${width} need ${needed} bytes, more than this machine has`,
    )
  }
  const lines = await readQueries(queriesPath, Number(options['queries-max']))
  const model = await encodeBenchQueries(lines, { qnet: String(options.model), dense: undefined })
  const columns = vectorWidth(model.architecture)
  const real = { values: await readVectors(vectorsPath, columns, Number.POSITIVE_INFINITY), columns }
  const generator = await fitGenerator(real, { width, products: await openProducts(threads) })
  const directions = await directionsOf(model.architecture, model.queries, real)
  const aim = await realLinearShare(model.architecture, model.queries, real)
  const architecture = publishedArchitecture(width, Number(options.depth))
  const wide: Float32Array[] = []
  for (const direction of directions) wide.push(await generator.widen(direction))
  const documents = { values: new Float32Array(linearRows * width), columns: width }
  await generator.fill(documents.values)
  const made = await trainedLike(architecture, documents, { directions: wide.slice(0, linearQueries), aim })
  const queries = await benchQueriesOf(architecture, made, wide)
  const shares = { linearShareReal: aim, linearShare: made.linearShare }
  const rows: Readonly<Record<string, unknown>>[] = []
  for (const size of sizes) {
    const scale = { threads, exactQueries: Number(options['exact-queries']), generator, width, queries }
    rows.push(...(await measureSize(size, scale)).map(row => ({ ...row, ...shares })))
  }
  return rows
}

/** Where the real q-nets' gradients at the mean of the real vectors point. */
async function directionsOf(architecture: QNetArchitecture, queries: readonly BenchQuery[], real: Matrix) {
  const scorer = new QNetScorer(architecture)
  const point = meanOf(firstRows(real))
  const directions: Float32Array[] = []
  for (const { weights } of queries) {
    directions.push(toLengthOne((await scorer.tangents(weights, point)).gradients.slice()))
  }
  return directions
}

async function realLinearShare(architecture: QNetArchitecture, queries: readonly BenchQuery[], real: Matrix) {
  const scorer = new QNetScorer(architecture)
  const documents = firstRows(real)
  const shares: number[] = []
  for (const { weights } of queries.slice(0, linearQueries)) {
    shares.push(await linearShare(scorer, weights, documents))
  }
  return median(shares)
}

function firstRows({ values, columns }: Matrix): Matrix {
  return { values: values.slice(0, linearRows * columns), columns }
}

async function benchQueriesOf(
  architecture: QNetArchitecture,
  { qnetOf }: TrainedLike,
  directions: readonly Float32Array[],
): Promise<BenchQuery[]> {
  const queries: BenchQuery[] = []
  for (const direction of directions) {
    const bytes = encodeWeights(architecture, await qnetOf(direction), 'f32')
    const weights: QNetWeights = decodeWeights(architecture, bytes, 'f32')
    const digest = qnetDigest(architecture, 'f32', bytes)
    queries.push({
      qnet: { digest, architecture, precision: 'f32', bytes },
      ...{ weights, dense: undefined, relevant: undefined },
    })
  }
  return queries
}

async function measureSize(documents: number, scale: Scale) {
  const { threads, queries, exactQueries } = scale
  const pool = new ScoringPool({ threads, searchesMax: 1, log: silentLogger(), onDeath: fail })
  const folder = await mkdtemp(join(tmpdir(), 'hypershard-bench-'))
  try {
    const { shard, ...seconds } = await holdGenerated(pool, documents, folder, scale)
    const searched = { sample: new Float32Array(0), shards: [shard] }
    const searcherOf = (plan: ScanRequest['plan']) => planSearcher(pool, searched, { plan })
    // Before anything else reads the rows that are looked for.
    const measured: [Omit<Searcher, 'search'>, Measured][] = []
    for (const { plan, ...name } of plans()) {
      measured.push([{ plan: plan.kind, ...name }, await measureSearcher(searcherOf(plan), queries)])
    }
    const truth = await measureSearcher(searcherOf({ kind: 'tangent', candidates: truthCandidates }), queries)
    const few = queries.slice(0, exactQueries)
    const exact = await measureSearcher(searcherOf({ kind: 'exact' }), few, { warmUp: false })
    const timed = { ...truth, timesMs: exact.timesMs }
    const common = {
      documents,
      width: scale.width,
      ...seconds,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1_024,
    }
    const rowOf = (name: Omit<Searcher, 'search'>, asked: readonly BenchQuery[], found: Measured, best: Measured) => ({
      ...{ plan: name.plan, knobs: name.knobs, queries: asked.length, ...figuresOf(found, best, asked) },
      ...common,
    })
    const ofFew = { ...truth, found: truth.found.slice(0, few.length), timesMs: truth.timesMs.slice(0, few.length) }
    return [
      rowOf({ plan: 'exact', knobs: '' }, few, exact, exact),
      rowOf({ plan: 'what recall is of, beside exact', knobs: `candidates ${truthCandidates}` }, few, ofFew, exact),
      ...measured.map(([name, found]) => rowOf(name, queries, found, timed)),
    ]
  } finally {
    await pool.close()
    await rm(folder, { recursive: true })
  }
}

function plans(): { readonly plan: ScanRequest['plan']; readonly knobs: string }[] {
  return [
    ...expansions.flatMap(expansion =>
      [30, 100]
        .filter(candidates => candidates <= expansion)
        .map(candidates => ({
          plan: { kind: 'graph' as const, expansion, candidates },
          knobs: `expansion ${expansion}, candidates ${candidates}`,
        })),
    ),
    ...[30, 200].map(candidates => ({
      plan: { kind: 'tangent' as const, candidates },
      knobs: `candidates ${candidates}`,
    })),
  ]
}

/** One shard, of segments of at most `rowsPerSegment`, each with a graph. */
async function holdGenerated(pool: ScoringPool, documents: number, folder: string, { generator, width }: Scale) {
  const segments: ScanRequest['shards'][number]['segments'][number][] = []
  let [generateMs, graphMs] = [0, 0]
  for (let first = 0; first < documents; first += rowsPerSegment) {
    const rows = Math.min(rowsPerSegment, documents - first)
    const vectors = new Float32Array(new SharedArrayBuffer(rows * width * Float32Array.BYTES_PER_ELEMENT))
    const beginMs = performance.now()
    await generator.fill(vectors)
    const generatedMs = performance.now()
    const graphPath = join(folder, `graph-${segments.length}`)
    saveGraph(vectors, width, graphPath)
    graphMs += performance.now() - generatedMs
    generateMs += generatedMs - beginMs
    const held = await holdVectors(pool, {
      ...{ key: `segment-${segments.length}`, vectors, width, graphPath, numberOf: row => first + row },
    })
    segments.push({ ...held.segments[0]!, position: segments.length })
    await rm(graphPath)
  }
  return { shard: { shard: 0, segments }, generateSeconds: generateMs / 1_000, graphSeconds: graphMs / 1_000 }
}

/** By one thread, as indexers do. */
function saveGraph(vectors: Float32Array, width: number, path: string): void {
  const graph = DocumentGraph.empty(width, vectors.subarray(0, rowsPerAppend * width))
  for (let at = 0; at < vectors.length; at += rowsPerAppend * width) {
    graph.append(new Float32Array(vectors.subarray(at, at + rowsPerAppend * width)))
  }
  graph.save(path)
}

function fail(error: Error): never {
  throw error
}
