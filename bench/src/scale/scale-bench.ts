/**
 * Search plans over more documents than there are real ones, with q-nets of the paper's size: vectors generated from a mixture
 * that is fitted to real ones, q-nets as nearly linear as real ones that point where those of real queries point. What a plan
 * finds is held against the best of very many candidates; that those are the exact hits is checked on a few queries.
 */
import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '@hypershard/common'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import {
  decodeWeights,
  encodeWeights,
  type QNetArchitecture,
  QNetScorer,
  type QNetWeights,
  qnetDigest,
  vectorWidth,
} from '@hypershard/qnet'
import { type ScanRequest, ScoringPool } from '@hypershard/shard-server'
import { holdVectors } from '../hold-vectors.ts'
import { type BenchQuery, encodeBenchQueries, readQueries } from '../search/bench-queries.ts'
import { readVectors } from '../search/bench-vectors.ts'
import { figuresOf, type Measured, measureSearcher } from '../search/measure-searcher.ts'
import { planSearcher, type Searcher } from '../search/searchers.ts'
import { median } from '../statistics.ts'
import { fitMixture, type Mixture, vectorGenerator, widen } from './generate-vectors.ts'
import { type GeneratedSegment, generateSegments } from './generated-segments.ts'
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
  /** Where generated vectors and graphs are kept, for the next run too: 4 KB a document of width 768. */
  folder: { type: 'string' },
  /** Where f32 vectors are held, `memory` or `disk`. */
  held: { type: 'string', default: 'disk' },
} as const

/** Generated documents that linearity is measured on, and queries that it is measured with. */
const linearRows = 4_096
const linearQueries = 9
/** Scored for each query to know its best ten, by each thread. */
const truthCandidates = 5_000
const expansions = [32, 64, 128, 256, 512]
const sampleSeed = 3

interface Scale {
  readonly threads: number
  readonly exactQueries: number
  readonly held: 'memory' | 'disk'
  readonly width: number
  readonly queries: readonly BenchQuery[]
}

export async function runScaleBench(options: Readonly<Record<string, unknown>>) {
  const { vectors: vectorsPath, queries: queriesPath, folder, held } = options
  if (typeof vectorsPath !== 'string' || typeof queriesPath !== 'string' || typeof folder !== 'string') {
    throw new Error('give --vectors FILE (f32, no header), --queries FILE (JSONL with "text") and --folder FOLDER')
  }
  if (held !== 'memory' && held !== 'disk') throw new Error(`--held is memory or disk, not ${held}`)
  const sizes = String(options.documents).split(',').map(Number)
  const [width, threads] = [Number(options.width), Number(options.threads)]
  const lines = await readQueries(queriesPath, Number(options['queries-max']))
  const model = await encodeBenchQueries(lines, { qnet: String(options.model), dense: undefined })
  const columns = vectorWidth(model.architecture)
  const real = { values: await readVectors(vectorsPath, columns, Number.POSITIVE_INFINITY), columns }
  const products = await openProducts(threads)
  const mixture = await fitMixture(real, { width, products })
  const wide: Float32Array[] = []
  for (const direction of await directionsOf(model.architecture, model.queries, real)) {
    wide.push(await widen(mixture, direction, products))
  }
  const aim = await realLinearShare(model.architecture, model.queries, real)
  const documents = { values: new Float32Array(linearRows * width), columns: width }
  await vectorGenerator(mixture, { seed: sampleSeed, products })(documents.values)
  const architecture = publishedArchitecture(width, Number(options.depth))
  const made = await trainedLike(architecture, documents, { directions: wide.slice(0, linearQueries), aim })
  const queries = await benchQueriesOf(architecture, made, wide)
  const scale = { threads, exactQueries: Number(options['exact-queries']), held, width, queries } as const
  const shares = { linearShareReal: aim, linearShare: made.linearShare }
  const rows: Readonly<Record<string, unknown>>[] = []
  for (const size of sizes) {
    rows.push(...(await measureSize(size, { folder, mixture, scale })).map(row => ({ ...row, ...shares })))
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
      weights,
      dense: undefined,
      relevant: undefined,
    })
  }
  return queries
}

async function measureSize(
  documents: number,
  { folder, mixture, scale }: { readonly folder: string; readonly mixture: Mixture; readonly scale: Scale },
) {
  const { threads, queries, exactQueries, width, held } = scale
  const segments = await generateSegments(folder, mixture, { documents, workers: threads })
  const pool = new ScoringPool({ threads, log: silentLogger(), onDeath: fail })
  try {
    const shard = await holdSegments(pool, segments, scale)
    const searched = { rangeSample: new Float32Array(0), shards: [shard] }
    const searcherOf = (plan: ScanRequest['plan']) => planSearcher(pool, searched, { plan })
    const measured: [Omit<Searcher, 'search'>, Measured][] = []
    for (const { plan, knobs } of plans()) {
      // As if no query had come before that asks for the same documents.
      if (held === 'disk') for (const { vectorsPath } of segments) dropFromPageCache(vectorsPath)
      measured.push([{ plan: plan.kind, knobs }, await measureSearcher(searcherOf(plan), queries)])
    }
    const memory = await memoryBytes()
    const truth = await measureSearcher(searcherOf({ kind: 'tangent', candidates: truthCandidates }), queries)
    const few = queries.slice(0, exactQueries)
    const exact = await measureSearcher(searcherOf({ kind: 'exact' }), few, { warmUp: false })
    const common = { documents, width, held, ...buildTimes(segments), ...memory }
    const rowOf = (name: Omit<Searcher, 'search'>, asked: readonly BenchQuery[], found: Measured, best: Measured) => ({
      plan: name.plan,
      knobs: name.knobs,
      queries: asked.length,
      ...figuresOf(found, best, asked),
      ...common,
    })
    const ofFew = { ...truth, found: truth.found.slice(0, few.length), timesMs: truth.timesMs.slice(0, few.length) }
    return [
      rowOf({ plan: 'exact', knobs: '' }, few, exact, exact),
      rowOf({ plan: 'what recall is of, beside exact', knobs: `candidates ${truthCandidates}` }, few, ofFew, exact),
      ...measured.map(([name, found]) => rowOf(name, queries, found, { ...truth, timesMs: exact.timesMs })),
    ]
  } finally {
    await pool.close()
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
    ...[30].map(candidates => ({
      plan: { kind: 'tangent' as const, candidates },
      knobs: `candidates ${candidates}`,
    })),
  ]
}

/** One shard of all segments. */
async function holdSegments(pool: ScoringPool, files: readonly GeneratedSegment[], { held, width }: Scale) {
  const segments: ScanRequest['shards'][number]['segments'][number][] = []
  let first = 0
  for (const [position, { rows, vectorsPath, graphPath }] of files.entries()) {
    const firstRow = first
    const one = await holdVectors(pool, {
      key: `segment-${position}`,
      width,
      graphPath,
      numberOf: row => firstRow + row,
      vectors: held === 'disk' ? { path: vectorsPath } : await readFloats(vectorsPath, rows * width),
    })
    segments.push({ ...one.segments[0]!, position })
    first += rows
  }
  // Shard servers have just written theirs.
  for (const { graphPath } of files) await readThrough(graphPath)
  return { shard: 0, segments }
}

async function readFloats(path: string, length: number): Promise<Float32Array> {
  const values = new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))
  const bytes = new Uint8Array(values.buffer)
  let filled = 0
  for await (const chunk of createReadStream(path)) {
    bytes.set(chunk, filled)
    filled += chunk.length
  }
  return values
}

async function readThrough(path: string): Promise<void> {
  for await (const _ of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    // The system keeps what was read.
  }
}

function dropFromPageCache(path: string): void {
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
}

/** Of this process. A graph that each thread has mapped is in `residentBytes` once a thread, in `memoryBytes` once. */
async function memoryBytes(): Promise<{ readonly memoryBytes: number; readonly residentBytes: number }> {
  const text = await readFile('/proc/self/smaps_rollup', 'utf8')
  const bytesOf = (name: string) => Number(text.match(new RegExp(`^${name}: +(\\d+) kB`, 'm'))?.[1]) * 1_024
  return { memoryBytes: bytesOf('Pss'), residentBytes: bytesOf('Rss') }
}

function buildTimes(segments: readonly GeneratedSegment[]) {
  const total = (of: (segment: GeneratedSegment) => number) => segments.reduce((sum, segment) => sum + of(segment), 0)
  return {
    generateSeconds: total(segment => segment.generateSeconds),
    graphSeconds: total(segment => segment.graphSeconds),
  }
}

function fail(error: Error): never {
  throw error
}
