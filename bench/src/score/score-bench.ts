/**
 * Documents scored a second by the shard server's own exact plan (blocks, compiled q-net, top 10), beside the plain
 * matrix products of the same q-net in the same process, and beside the same q-net in PyTorch.
 *
 * Scorer and limit take turns, so that a machine whose speed drifts drifts for both; figures are medians over the
 * rounds. The limit is that of the block size at which the products alone are fastest.
 */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  flopsPerDocument,
  type QNetArchitecture,
  QNetScorer,
  type ScoringPrecision,
  scoringPrecisions,
} from '@hypershard/qnet'
import { pseudoRandomCase } from '@hypershard/qnet/testing'
import { scanShards } from '@hypershard/shard-server'
import { createGemmLimit } from './gemm-limit.ts'

export const scoreBenchOptions = {
  /** A Python that has torch. */
  python: { type: 'string' },
  rounds: { type: 'string', default: '7' },
  threads: { type: 'string', default: String(availableParallelism()) },
} as const

export interface ScoreRow {
  precision: ScoringPrecision
  width: number
  depth: number
  docsPerSecond: number
  limitDocsPerSecond: number
  ratioToLimit: number
  gigaflops: number
  torchDocsPerSecond?: number
  ratioToTorch?: number
}

const shapes = [
  { width: 384, depth: 4 },
  { width: 768, depth: 6 },
] as const
/** Documents of one scan; the vectors are many times the last cache level. */
const documents = 32_768
const limitRows = [512, 1024, 2048]
const pythonTimeoutMs = 300_000
const torchScript = fileURLToPath(new URL('../../../training/hypershard_training/score_torch.py', import.meta.url))

export async function runScoreBench(options: Readonly<Record<string, unknown>>) {
  const [rounds, threads] = [Number(options.rounds), Number(options.threads)]
  const rows: ScoreRow[] = []
  for (const shape of shapes) {
    const torch =
      typeof options.python === 'string' ? await torchDocsPerSecond(options.python, shape, threads) : undefined
    for (const precision of scoringPrecisions) {
      const row = await measure(precision, shape, { rounds, threads })
      rows.push(
        torch === undefined ? row : { ...row, torchDocsPerSecond: torch, ratioToTorch: row.docsPerSecond / torch },
      )
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
  const scan = await createScan(precision, architecture, threads)
  const limits = await Promise.all(limitRows.map(rows => createGemmLimit(precision, { width, depth, rows, threads })))
  await scan()
  const scores: number[] = []
  const limitRates: number[][] = limits.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, limit] of limits.entries()) {
      const runs = Math.ceil(documents / limit.rows / limits.length)
      limitRates[index]!.push(
        await rate(runs * limit.rows, async () => {
          for (let run = 0; run < runs; run++) await limit.run()
        }),
      )
    }
    scores.push(await rate(documents, scan))
  }
  const docsPerSecond = median(scores)
  const limitDocsPerSecond = Math.max(...limitRates.map(median))
  return {
    precision,
    width,
    depth,
    docsPerSecond,
    limitDocsPerSecond,
    ratioToLimit: docsPerSecond / limitDocsPerSecond,
    gigaflops: (docsPerSecond * flopsPerDocument(architecture)) / 1e9,
  }
}

/** One whole scan of one shard, as a shard server's scoring thread does it. */
async function createScan(precision: ScoringPrecision, architecture: QNetArchitecture, threads: number) {
  const { documents: vectors, weights } = pseudoRandomCase(architecture, 1, documents)
  const width = architecture.vectorDimensions[0]!
  const scorer = new QNetScorer(architecture, { threads })
  const prepared =
    precision === 'int8'
      ? await scorer.prepareInt8(weights, vectors.subarray(0, 64 * width))
      : await scorer.prepareFp32(weights)
  const ids = { idBytes: (row: number) => Buffer.from(String(row)) }
  const segment = { vectors, width, documents, ids }
  const shards = [{ shard: 0, segments: [{ segment, position: 0, deleted: undefined }] }]
  return async () => {
    const steps = scanShards(prepared, shards, {
      limit: 10,
      stopBefore: () => undefined,
      monotonicMs: () => performance.now(),
    })
    while (!(await steps.next()).done);
  }
}

/** The same q-net scored as the published code scores, by the best of a few block sizes. */
async function torchDocsPerSecond(python: string, shape: { width: number; depth: number }, threads: number) {
  const sizes = ['--width', shape.width, '--depth', shape.depth, '--documents', 16_384, '--blocks', '512,2048,8192']
  const args = [torchScript, ...sizes, '--seconds', 5, '--threads', threads].map(String)
  const { stdout } = await promisify(execFile)(python, args, { timeout: pythonTimeoutMs })
  return (JSON.parse(stdout) as { documentsPerSecond: number }).documentsPerSecond
}

async function rate(count: number, work: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (count / (performance.now() - startMs)) * 1000
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/** The released models' form: relu, layer norm before the residual, none on the last core layer. */
function publishedArchitecture(width: number, depth: number): QNetArchitecture {
  return {
    vectorDimensions: [...Array<number>(depth + 1).fill(width), 1],
    activation: 'relu',
    layerNorm: true,
    layerNormBeforeResidual: true,
    residual: true,
    residualOnLast: false,
  }
}
