/**
 * Recall against time of the search plans, on real vectors and the q-nets of real queries: the shard server's own scoring
 * threads, one query at a time. Encoding, the wire and the fetch of texts are left out.
 */

import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '@hypershard/common'
import { CalibratingGraphBuilder, queriesOf, type SampleQueries, sampleDocumentsMax } from '@hypershard/indexer'
import { sampleQueriesMax } from '@hypershard/proto/limits'
import { vectorWidth } from '@hypershard/qnet'
import { type ScanRequest, ScoringPool } from '@hypershard/shard-server'
import { createBitmap, type DocumentGraph, recallTargets, setBit } from '@hypershard/storage'
import { holdVectors } from '../hold-vectors.ts'
import { recallPlot, writePlot } from '../plot.ts'
import { type BenchQuery, encodeBenchQueries, type QueryLine, readQueries } from './bench-queries.ts'
import { enlarge, readVectors } from './bench-vectors.ts'
import { figuresOf, type Measured, measureSearcher } from './measure-searcher.ts'
import {
  denseSearcher,
  greedySearcher,
  neighboursOf,
  type PlainCorpus,
  planSearcher,
  type Searcher,
} from './searchers.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const searchBenchOptions = {
  /** Document vectors of the model: f32, little-endian, row-major, without a header. */
  vectors: { type: 'string' },
  /** JSONL with `text` and, where judged, `relevant`: grades by row of the vectors, in eight digits. */
  queries: { type: 'string' },
  /** The vectors' documents, JSONL with `title` and `text`: recall is calibrated with queries made of them, as indexers do. */
  corpus: { type: 'string' },
  /** Or with the first of these instead, JSONL with `text`: queries of users that are not measured. */
  'sample-queries': { type: 'string' },
  model: { type: 'string', default: join(repository, 'models/hypershard-mini') },
  /** Of one inner product over the same vectors, for dense search. */
  'dense-model': { type: 'string', default: join(repository, 'models/minilm-dense') },
  /** Sizes, separated by commas; beyond the vectors there are, rows are earlier ones with noise (see `enlarge`). */
  documents: { type: 'string' },
  shards: { type: 'string', default: '1' },
  /** The paper's greedy search too: 100 neighbours of every document are looked for first. */
  greedy: { type: 'boolean', default: false },
  filters: { type: 'boolean', default: false },
  'queries-max': { type: 'string', default: '50' },
  /** Where the plot goes, without its ending. */
  plot: { type: 'string' },
  threads: { type: 'string', default: String(availableParallelism()) },
} as const

interface Options {
  readonly queries: readonly BenchQuery[]
  readonly calibration: SampleQueries
  readonly threads: number
  readonly greedy: boolean
  readonly filters: boolean
}

type Row = Readonly<Record<string, unknown>> & {
  readonly plan: string
  readonly documents: number
  readonly selectivity: number
  readonly recallAt10: number
  readonly p50Ms: number
}

const sampleRows = 64
const rowsPerAppend = 1_024
const selectivities = [0.001, 0.01, 0.1, 0.5, 0.9]
const neighboursEach = 100

export async function runSearchBench(options: Readonly<Record<string, unknown>>) {
  const { vectors: vectorsPath, queries: queriesPath } = options
  if (typeof vectorsPath !== 'string' || typeof queriesPath !== 'string' || typeof options.corpus !== 'string') {
    throw new Error('give --vectors FILE (f32, no header), --queries FILE and --corpus FILE (JSONL with "text")')
  }
  const models = { qnet: String(options.model), dense: String(options['dense-model']) }
  const queriesMax = Number(options['queries-max'])
  const { architecture, queries } = await encodeBenchQueries(await readQueries(queriesPath, queriesMax), models)
  const width = vectorWidth(architecture)
  const sizes = typeof options.documents === 'string' ? options.documents.split(',').map(Number) : [Infinity]
  const vectors = await readVectors(vectorsPath, width, Math.max(...sizes))
  const real = vectors.length / width
  const rows: Row[] = []
  for (const documents of sizes) {
    const corpus = { architecture, vectors: enlarge(vectors, width, documents === Infinity ? real : documents), width }
    for (const shards of String(options.shards).split(',').map(Number)) {
      const measured = await measureCorpus(corpus, shards, {
        queries,
        calibration: await calibrationOf(options, Math.min(real, documents), models),
        threads: Number(options.threads),
        greedy: options.greedy === true,
        filters: options.filters === true,
      })
      rows.push(...measured.map(row => ({ ...row, real: Math.min(real, row.documents) })))
    }
  }
  if (typeof options.plot === 'string') {
    const unfiltered = rows.filter(({ selectivity }) => selectivity === 1)
    await writePlot(options.plot, recallPlot(unfiltered, 'recall against latency'))
  }
  return rows
}

/** Queries that are given, or made of documents that are spread evenly over the first so many. */
async function calibrationOf(
  options: Readonly<Record<string, unknown>>,
  documents: number,
  models: Parameters<typeof encodeBenchQueries>[1],
): Promise<SampleQueries> {
  const path = options['sample-queries']
  const given = typeof path === 'string'
  const asked = given ? await readQueries(path, sampleQueriesMax) : await madeQueries(String(options.corpus), documents)
  const { architecture, queries } = await encodeBenchQueries(asked, { qnet: models.qnet, dense: undefined })
  return { kind: given ? 'given' : 'made', architecture, qnets: queries.map(({ weights }) => weights) }
}

async function madeQueries(corpusPath: string, documents: number): Promise<QueryLine[]> {
  const chosen = new Set(
    Array.from({ length: sampleDocumentsMax }, (_, at) => Math.floor((at * documents) / sampleDocumentsMax)),
  )
  const sample: { title: string; text: string }[] = []
  let row = 0
  for await (const line of createInterface({ input: createReadStream(corpusPath) })) {
    if (row === documents) break
    if (chosen.has(row++)) sample.push({ title: '', text: '', ...JSON.parse(line) })
  }
  return queriesOf(sample).map(text => ({ text }))
}

async function measureCorpus(corpus: PlainCorpus, shards: number, options: Options): Promise<Row[]> {
  const { queries, threads } = options
  const pool = new ScoringPool({ threads, log: silentLogger(), onDeath: fail })
  const folder = await mkdtemp(join(tmpdir(), 'hypershard-bench-'))
  try {
    const held = await holdShards(pool, corpus, shards, { ...options, folder })
    const rangeSample = corpus.vectors.slice(0, sampleRows * corpus.width)
    const searched = { rangeSample, shards: held.shards }
    const common = { documents: corpus.vectors.length / corpus.width, shards, queries: queries.length }
    const exact = await measureSearcher(
      named('exact', '', planSearcher(pool, searched, { plan: { kind: 'exact' } })),
      queries,
    )
    const rowOf = ({ plan, knobs, recallTarget }: Searcher, measured: Measured, ofExact = exact) => ({
      plan,
      knobs,
      ...common,
      selectivity: 1,
      recallTarget: recallTarget ?? null,
      ...figuresOf(measured, ofExact, queries),
      graphSeconds: held.graphSeconds,
    })
    const rows: Row[] = [rowOf(named('exact', '', neverAsked), exact)]
    for (const searcher of searchersOf(pool, corpus, searched, held.graphs, options)) {
      rows.push(rowOf(searcher, await measureSearcher(searcher, queries)))
    }
    if (options.filters) rows.push(...(await measureFilters(pool, searched, queries, rowOf)))
    return rows
  } finally {
    await pool.close()
    await rm(folder, { recursive: true })
  }
}

/** Rows are dealt to the shards in turn; each has one segment with a calibrated graph. */
async function holdShards(
  pool: ScoringPool,
  { vectors, width }: PlainCorpus,
  shards: number,
  { calibration, folder }: Options & { readonly folder: string },
) {
  const held: ScanRequest['shards'][number][] = []
  const graphs: DocumentGraph[] = []
  let buildMs = 0
  for (let shard = 0; shard < shards; shard++) {
    const own = everyOther(vectors, width, shard, shards)
    const documents = own.length / width
    const builder = new CalibratingGraphBuilder({ vectorsMax: documents, width }, calibration)
    const beginMs = performance.now()
    for (const piece of pieces(own, width)) await builder.append(piece)
    const { graph, recallKnobs } = await builder.finish(Readable.from(pieces(own, width)))
    buildMs += performance.now() - beginMs
    const graphPath = join(folder, `graph-${shard}`)
    graph.save(graphPath)
    graphs.push(graph)
    const numberOf = (row: number) => row * shards + shard
    held.push(
      await holdVectors(pool, { key: `shard-${shard}`, vectors: own, width, shard, numberOf, graphPath, recallKnobs }),
    )
  }
  return { shards: held, graphs, graphSeconds: buildMs / 1_000 }
}

function searchersOf(
  pool: ScoringPool,
  corpus: PlainCorpus,
  searched: Pick<ScanRequest, 'rangeSample' | 'shards'>,
  graphs: readonly DocumentGraph[],
  { greedy }: Options,
): Searcher[] {
  const plan = (how: ScanRequest['plan']) => planSearcher(pool, searched, { plan: how })
  const searchers = [
    named('exact int8', '', planSearcher(pool, searched, { scoring: 'int8', plan: { kind: 'exact' } })),
    ...[10, 30, 200].map(candidates =>
      named('tangent', `candidates ${candidates}`, plan({ kind: 'tangent', candidates })),
    ),
    ...[16, 32, 64, 128, 256, 512, 1_024].map(expansion => {
      const candidates = Math.min(expansion, 30)
      return named(
        'graph',
        `expansion ${expansion}, candidates ${candidates}`,
        plan({ kind: 'graph', expansion, candidates }),
      )
    }),
    ...recallTargets.map(recall => ({
      ...named('auto', '', plan({ kind: 'auto', recall, hits: 10 })),
      recallTarget: recall,
    })),
  ]
  if (graphs.length > 1) return searchers
  const graph = graphs[0]!
  for (const candidates of [10, 30, 100, 300, 1_000]) {
    for (const expansion of [64, 256, 1_024, 4_096]) {
      if (expansion >= candidates) searchers.push(denseSearcher(corpus, graph, { expansion, candidates }))
    }
  }
  if (greedy) {
    const neighbours = { neighbours: neighboursOf(graph, corpus, neighboursEach), each: neighboursEach }
    for (const entryPoints of [500, 2_000, 10_000]) {
      for (const candidates of [5, 10, 20, 50, 100]) {
        searchers.push(greedySearcher(corpus, neighbours, { entryPoints, candidates, iterationsMax: 16 }))
      }
    }
  }
  return searchers
}

/** Rows that pass are spread evenly over the corpus. */
async function measureFilters(
  pool: ScoringPool,
  { rangeSample, shards }: Pick<ScanRequest, 'rangeSample' | 'shards'>,
  queries: readonly BenchQuery[],
  rowOf: (searcher: Searcher, measured: Measured, exact: Measured) => Row,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const selectivity of selectivities) {
    const searched = { rangeSample, shards: shards.map(shard => filtered(shard, selectivity)) }
    const exact = await measureSearcher(
      named('exact', '', planSearcher(pool, searched, { plan: { kind: 'exact' } })),
      queries,
    )
    for (const [name, plan] of [
      ['exact', { kind: 'exact' }],
      ['tangent', { kind: 'tangent', candidates: 30 }],
      ['auto', { kind: 'auto', recall: 0.95, hits: 10 }],
    ] as const) {
      const searcher = { ...named(name, '', planSearcher(pool, searched, { plan })), recallTarget: 0.95 }
      const measured = name === 'exact' ? exact : await measureSearcher(searcher, queries)
      rows.push({ ...rowOf(searcher, measured, exact), selectivity, ndcgAt10: null })
    }
  }
  return rows
}

function filtered(
  { shard, segments }: ScanRequest['shards'][number],
  selectivity: number,
): ScanRequest['shards'][number] {
  return {
    shard,
    segments: segments.map(segment => {
      const excluded = createBitmap(segment.eligible)
      let eligible = 0
      for (let row = 0; row < segment.eligible; row++) {
        // Multiples of the golden ratio's fraction lie evenly and follow no order of the rows.
        if ((row * 0.618_033_988_75) % 1 < selectivity) eligible++
        else setBit(excluded, row)
      }
      return { ...segment, excluded, eligible }
    }),
  }
}

function* pieces(vectors: Float32Array, width: number): Generator<Float32Array> {
  for (let at = 0; at < vectors.length; at += rowsPerAppend * width) yield vectors.slice(at, at + rowsPerAppend * width)
}

function everyOther(vectors: Float32Array, width: number, first: number, step: number): Float32Array {
  if (step === 1) return vectors
  const rows = Math.ceil((vectors.length / width - first) / step)
  const own = new Float32Array(rows * width)
  for (let row = 0; row < rows; row++) {
    const from = (row * step + first) * width
    own.set(vectors.subarray(from, from + width), row * width)
  }
  return own
}

function named(plan: string, knobs: string, searcher: Pick<Searcher, 'search'>): Searcher {
  return { plan, knobs, search: query => searcher.search(query) }
}

const neverAsked = { search: () => fail(new Error('measured before')) }

function fail(error: Error): never {
  throw error
}
