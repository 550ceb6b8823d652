/**
 * Documents scored a second by the shard server's own scoring threads (exact plan: blocks, compiled q-net, top 10), beside
 * the plain matrix products of the same q-net on as many threads of the same process, and beside the same q-net in PyTorch.
 *
 * Scorer and limit take turns, so that a machine whose speed drifts drifts for both; figures are medians over the
 * rounds, the ratio too. The limit is that of the block size at which the products alone are fastest.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Deadline, silentLogger } from '@hypershard/common'
import { pseudoRandomCase, publishedArchitecture } from '@hypershard/harness/qnets'
import {
  encodeWeights,
  flopsPerDocument,
  type QNetArchitecture,
  qnetDigest,
  type ScoringPrecision,
  scoringPrecisions,
} from '@hypershard/qnet'
import { ScoringPool, WeightsMemory } from '@hypershard/shard-server'
import { holdVectors } from '../hold-vectors.ts'
import { median } from '../statistics.ts'
import { GemmLimit } from './gemm-limit.ts'
import type { GemmShape } from './gemm-thread.ts'

export const scoreBenchOptions = {
  /** A Python that has torch. */
  python: { type: 'string' },
  rounds: { type: 'string', default: '9' },
  threads: { type: 'string', default: String(availableParallelism()) },
} as const

export interface ScoreRow {
  precision: ScoringPrecision
  width: number
  depth: number
  docsPerSecond: number
  /** The products alone. */
  limitDocsPerSecond: number
  ratioToLimit: number
  gigaflops: number
  /** PyTorch with the published code's batch of 100,000 documents. */
  torchPublishedDocsPerSecond?: number
  ratioToTorchPublished?: number
  /** PyTorch with the best of a few smaller batches. */
  torchTunedDocsPerSecond?: number
  ratioToTorchTuned?: number
}

const shapes = [
  { width: 384, depth: 4 },
  { width: 768, depth: 6 },
] as const
/** Documents of one scan: 200 MB and 400 MB of vectors, far more than the last cache level holds. */
const documents = 131_072
const limitRows = [256, 512, 1024]
const scanTimeoutMs = 60_000
const pythonTimeoutMs = 300_000
const torchScript = fileURLToPath(
  new URL('../../../training/hypershard_training/measure/score_torch.py', import.meta.url),
)

export async function runScoreBench(options: Readonly<Record<string, unknown>>) {
  const [rounds, threads] = [Number(options.rounds), Number(options.threads)]
  const rows: ScoreRow[] = []
  for (const shape of shapes) {
    const torch = typeof options.python === 'string' ? await measureTorch(options.python, shape, threads) : undefined
    for (const precision of scoringPrecisions) {
      const row = await measure(precision, shape, { rounds, threads })
      rows.push(torch === undefined ? row : besideTorch(row, torch))
    }
  }
  return rows.map(row => ({ ...row }))
}

async function measure(
  precision: ScoringPrecision,
  { width, depth }: { width: number; depth: number },
  { rounds, threads }: { rounds: number; threads: number },
): Promise<ScoreRow> {
  const architecture = publishedArchitecture(width, depth)
  const pool = new ScoringPool({ threads, log: silentLogger(), onDeath: fail })
  const scan = await createScan(pool, precision, architecture)
  const limits = await startLimits({ precision, width, depth }, threads)
  await scan()
  const scores: number[] = []
  for (let round = 0; round < rounds; round++) {
    scores.push(await rate(documents, scan))
    await limits.measureRound()
  }
  await Promise.all([pool.close(), limits.stop()])
  const docsPerSecond = median(scores)
  return {
    precision,
    width,
    depth,
    docsPerSecond,
    ...limits.besideScores(scores),
    gigaflops: (docsPerSecond * flopsPerDocument(architecture)) / 1e9,
  }
}

/** The limit at several block sizes; the one at which it is highest counts. */
async function startLimits(shape: Omit<GemmShape, 'rows'>, threads: number) {
  const limits = await Promise.all(limitRows.map(rows => GemmLimit.start({ ...shape, rows }, threads)))
  const rates: number[][] = limits.map(() => [])
  return {
    measureRound: async () => {
      for (const [index, limit] of limits.entries()) {
        const blocks = threads * Math.ceil(documents / limit.rows / limits.length / threads)
        rates[index]!.push(await rate(blocks * limit.rows, () => limit.run(blocks)))
      }
    },
    besideScores: (scores: readonly number[]) => {
      const best = rates.reduce((a, b) => (median(a) >= median(b) ? a : b))
      return {
        limitDocsPerSecond: median(best),
        // Of rates measured one right after the other: a slow second of the machine slows both.
        ratioToLimit: median(scores.map((score, round) => score / best[round]!)),
      }
    },
    stop: () => Promise.all(limits.map(limit => limit.stop())),
  }
}

/** One whole scan of one shard by the shard server's scoring threads, the q-net's reading included. */
async function createScan(pool: ScoringPool, precision: ScoringPrecision, architecture: QNetArchitecture) {
  const { documents: vectors, weights } = pseudoRandomCase(architecture, 1, documents)
  const width = architecture.vectorDimensions[0]!
  const shards = [await holdVectors(pool, { key: 'bench', vectors, width })]
  const bytes = encodeWeights(architecture, weights, 'f32')
  const qnet = {
    digest: qnetDigest(architecture, 'f32', bytes),
    architecture,
    precision: 'f32',
    weights: new WeightsMemory().copy(bytes),
  } as const
  const rangeSample = precision === 'int8' ? vectors.slice(0, 64 * width) : new Float32Array(0)
  return async () => {
    const plan = { kind: 'exact' } as const
    const endEpochMs = Date.now() + scanTimeoutMs
    const request = { qnet, scoring: precision, plan, rangeSample, limit: 10, after: undefined, endEpochMs, shards }
    const { scans } = await pool.scan(request, Deadline.after(scanTimeoutMs))
    assert.equal(scans[0]!.documentsScored, documents)
  }
}

function fail(error: Error): never {
  throw error
}

interface TorchFigures {
  /** With the published code's default batch (jfkback/hypencoder-paper, inference/retrieve.py, `batch_size`). */
  readonly published: number
  /** With the best of a few batches that fit the cache better. */
  readonly tuned: number
}

async function measureTorch(
  python: string,
  shape: { width: number; depth: number },
  threads: number,
): Promise<TorchFigures> {
  const run = async (documentCount: number, blocks: string) => {
    const sizes = ['--width', shape.width, '--depth', shape.depth, '--documents', documentCount, '--blocks', blocks]
    const args = [torchScript, ...sizes, '--seconds', 5, '--threads', threads].map(String)
    const { stdout } = await promisify(execFile)(python, args, { timeout: pythonTimeoutMs })
    return (JSON.parse(stdout) as { documentsPerSecond: number }).documentsPerSecond
  }
  return { published: await run(100_000, '100000'), tuned: await run(16_384, '512,2048,8192') }
}

function besideTorch(row: ScoreRow, torch: TorchFigures): ScoreRow {
  return {
    ...row,
    torchPublishedDocsPerSecond: torch.published,
    ratioToTorchPublished: row.docsPerSecond / torch.published,
    torchTunedDocsPerSecond: torch.tuned,
    ratioToTorchTuned: row.docsPerSecond / torch.tuned,
  }
}

async function rate(count: number, work: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (count / (performance.now() - startMs)) * 1000
}
