/**
 * Our plans beside other ways to answer the same queries over the same vectors, on the same cores, in one run: the published
 * Hypencoder retrievers in PyTorch, and plain vector search with a dense model (faiss, usearch). Without encoding, and for whole
 * queries with it.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { silentLogger } from '@hypershard/common'
import { coreLayers, vectorWidth } from '@hypershard/qnet'
import { type ScanRequest, ScoringPool } from '@hypershard/shard-server'
import { DocumentGraph } from '@hypershard/storage'
import { holdVectors, idOf } from '../hold-vectors.ts'
import { type BenchQuery, encodeBenchQueries, readQueries, timeEncoding } from '../search/bench-queries.ts'
import { enlarge, readVectors } from '../search/bench-vectors.ts'
import { figuresOf, type Measured, measureSearcher } from '../search/measure-searcher.ts'
import { planSearcher } from '../search/searchers.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const peersScript = join(repository, 'training/hypershard_training/measure/search_peers.py')

export const peersBenchOptions = {
  vectors: { type: 'string' },
  queries: { type: 'string' },
  model: { type: 'string', default: join(repository, 'models/hypershard-mini') },
  'dense-model': { type: 'string', default: join(repository, 'models/minilm-dense') },
  documents: { type: 'string' },
  'queries-max': { type: 'string', default: '50' },
  /** With torch, faiss-cpu, usearch and numpy. */
  python: { type: 'string' },
  greedy: { type: 'boolean', default: false },
} as const

interface PeerRow {
  readonly peer: string
  readonly p50Ms: number
  /** Rows of each query's hits, best first. */
  readonly found: readonly (readonly number[])[]
  readonly evaluations?: number
}

const pythonTimeoutMs = 3_000_000
const outputBytesMax = 64 * 1024 ** 2
const rowsPerAppend = 16_384
const sampleRows = 64
const expansions = [128, 256, 512]

export async function runPeersBench(options: Readonly<Record<string, unknown>>) {
  const { vectors: vectorsPath, queries: queriesPath, python } = options
  if (typeof vectorsPath !== 'string' || typeof queriesPath !== 'string' || typeof python !== 'string') {
    throw new Error('give --vectors FILE, --queries FILE and --python PYTHON')
  }
  const models = { qnet: String(options.model), dense: String(options['dense-model']) }
  const lines = await readQueries(queriesPath, Number(options['queries-max']))
  const { architecture, queries } = await encodeBenchQueries(lines, models)
  const width = vectorWidth(architecture)
  const documents = options.documents === undefined ? Number.POSITIVE_INFINITY : Number(options.documents)
  const real = await readVectors(vectorsPath, width, documents)
  const vectors = enlarge(real, width, Number.isFinite(documents) ? documents : real.length / width)
  const encoding = await timeEncoding(lines, models)
  const folder = await mkdtemp(join(tmpdir(), 'hypershard-bench-'))
  try {
    const ours = await measureOurs(vectors, width, queries, folder)
    const exact = ours[0]!.measured
    const { residualOnLast } = architecture
    const shape = { width, depth: coreLayers(architecture).length, residualOnLast }
    const peers = await askPeers(python, folder, { vectors, queries, shape, greedy: options.greedy === true })
    const facts = { documents: vectors.length / width, real: real.length / width, queries: queries.length }
    const rowOf = (name: string, encodeMs: number, measured: Measured) => {
      const { recallAt10, ndcgAt10, p50Ms, evaluations } = figuresOf(measured, exact, queries)
      const docsPerSecond = evaluations >= facts.documents ? (facts.documents / p50Ms) * 1_000 : null
      const figures = { recallAt10, ndcgAt10, evaluations, searchMs: p50Ms, docsPerSecond }
      return { name, ...facts, ...figures, encodeMs, wholeMs: encodeMs + p50Ms }
    }
    return [
      ...ours.map(({ name, measured }) => rowOf(name, encoding.qnetMs, measured)),
      ...peers.map(({ peer, p50Ms, found, evaluations }) => {
        const isDense = peer.includes('dense')
        const all = isDense ? 0 : facts.documents
        return rowOf(peer, isDense ? encoding.denseMs : encoding.qnetMs, {
          found: found.map(rows => rows.map(row => ({ id: idOf(row), score: Number.NaN }))),
          timesMs: [p50Ms],
          evaluations: evaluations ?? all,
          scanned: 0,
        })
      }),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measureOurs(vectors: Float32Array, width: number, queries: readonly BenchQuery[], folder: string) {
  const threads = availableParallelism()
  const graph = DocumentGraph.empty(width, vectors.slice(0, rowsPerAppend * width))
  for (let at = 0; at < vectors.length; at += rowsPerAppend * width) {
    graph.append(vectors.slice(at, at + rowsPerAppend * width), threads)
  }
  const graphPath = join(folder, 'graph')
  graph.save(graphPath)
  const pool = new ScoringPool({ threads, log: silentLogger(), onDeath: fail })
  try {
    const shards = [await holdVectors(pool, { key: 'bench', vectors, width, graphPath })]
    const searched = { rangeSample: vectors.slice(0, sampleRows * width), shards }
    const ways: [string, 'fp32' | 'int8', ScanRequest['plan']][] = [
      ['exact', 'fp32', { kind: 'exact' }],
      ['exact int8', 'int8', { kind: 'exact' }],
      ['tangent, candidates 30', 'fp32', { kind: 'tangent', candidates: 30 }],
      ...expansions.map((expansion): [string, 'fp32', ScanRequest['plan']] => [
        `graph, expansion ${expansion}, candidates 30`,
        'fp32',
        { kind: 'graph', expansion, candidates: 30 },
      ]),
    ]
    const measured = []
    for (const [name, scoring, plan] of ways) {
      const searcher = { plan: name, knobs: '', ...planSearcher(pool, searched, { scoring, plan }) }
      measured.push({ name: `hypershard ${name}`, measured: await measureSearcher(searcher, queries) })
    }
    return measured
  } finally {
    await pool.close()
  }
}

async function askPeers(
  python: string,
  folder: string,
  input: {
    vectors: Float32Array
    queries: readonly BenchQuery[]
    shape: { width: number; depth: number; residualOnLast: boolean }
    greedy: boolean
  },
): Promise<readonly PeerRow[]> {
  const { vectors, queries, shape, greedy } = input
  const files = { vectors: join(folder, 'vectors'), qnets: join(folder, 'qnets'), dense: join(folder, 'dense') }
  await writeFile(files.vectors, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength))
  await writeFile(files.qnets, Buffer.concat(queries.map(({ qnet }) => qnet.bytes)))
  await writeFile(files.dense, Buffer.concat(queries.map(({ dense }) => Buffer.from(Float32Array.from(dense!).buffer))))
  const { residualOnLast, ...sizes } = shape
  const settings = { ...files, ...sizes, threads: availableParallelism() }
  const flags = [...(residualOnLast ? ['--residual-on-last'] : []), ...(greedy ? ['--greedy'] : [])]
  const args = [peersScript, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])]
  const limits = { timeout: pythonTimeoutMs, maxBuffer: outputBytesMax }
  const { stdout } = await promisify(execFile)(python, [...args, ...flags], limits)
  return (JSON.parse(stdout) as { rows: PeerRow[] }).rows
}

function fail(error: Error): never {
  throw error
}
