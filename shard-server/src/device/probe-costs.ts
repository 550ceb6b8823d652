/** A few small runs at a device's start: what a run takes, and what more rows in it do. */
import type { QNetArchitecture } from '@hypershard/qnet'
import { costOfScoring } from '../cpu/plan-cost.ts'
import type { ProbedCosts } from './device-costs.ts'

/** A published q-net of one layer, small. */
export const probeArchitecture: QNetArchitecture = {
  vectorDimensions: [128, 128, 1],
  activation: 'relu',
  layerNorm: true,
  layerNormBeforeResidual: true,
  residual: true,
  residualOnLast: false,
}

/** The first is as good as none, for what a run takes by itself. The last is 8 MiB of f32. */
const sizes = [16, 2_048, 16_384]
/** Beginning a larger one takes it that there is time left: a device that is no GPU takes seconds. */
export const probeMsMax = 1_000
/** Of each run the quickest of so many, after one that compiles. */
const runs = 3
/** Nothing is so quick that it costs nothing. */
const leastMs = 1e-15

/** Documents that lie on the device. */
export interface ProbedDocuments {
  rankByQNet(): Promise<unknown>
  rankByVector(): Promise<unknown>
  release(): Promise<void>
}

export interface CostProbe {
  /** Brings so many documents of `probeArchitecture` to the device. */
  open(rows: number): Promise<ProbedDocuments>
  readonly monotonicMs: () => number
}

export async function probeCosts({ open, monotonicMs }: CostProbe): Promise<ProbedCosts> {
  const beginMs = monotonicMs()
  const quickest = async (run: () => Promise<unknown>) => {
    await run()
    let ms = Number.POSITIVE_INFINITY
    for (let at = 0; at < runs; at++) {
      const startMs = monotonicMs()
      await run()
      ms = Math.min(ms, monotonicMs() - startMs)
    }
    return ms
  }
  const measure = async (rows: number) => {
    const documents = await open(rows)
    const byQNet = await quickest(() => documents.rankByQNet())
    const byVector = await quickest(() => documents.rankByVector())
    await documents.release()
    return { rows, byQNet, byVector }
  }
  const least = await measure(sizes[0]!)
  let most = least
  for (const rows of sizes.slice(1)) {
    if (monotonicMs() - beginMs > probeMsMax) break
    most = await measure(rows)
  }
  const runMs = Math.min(least.byQNet, least.byVector)
  // Where there was no time for more, all that the first took is taken for its rows'.
  const restOf = (ms: number) => Math.max(leastMs, most === least ? ms : ms - runMs)
  return {
    runMs,
    multiplyAddMs: restOf(most.byQNet) / costOfScoring(probeArchitecture, most.rows),
    valueMs: restOf(most.byVector) / (most.rows * probeArchitecture.vectorDimensions[0]!),
  }
}
