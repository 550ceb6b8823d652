/** A thread that generates one segment's vectors and builds their graph. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { DocumentGraph } from '@hypershard/storage'
import { type Mixture, vectorGenerator } from './generate-vectors.ts'
import { openProducts } from './matrices.ts'

export interface BuildSegment {
  readonly mixture: Mixture
  readonly seed: number
  readonly rows: number
  readonly vectorsPath: string
  readonly graphPath: string
}

export interface BuildTimes {
  readonly generateSeconds: number
  readonly graphSeconds: number
}

const rowsPerAppend = 16_384

assert(parentPort !== null, 'the building thread is started as a worker')
const { mixture, seed, rows, vectorsPath, graphPath } = workerData as BuildSegment
const width = mixture.rotation.columns
const fill = vectorGenerator(mixture, { seed, products: await openProducts(1) })
let [generateMs, graphMs] = [0, 0]
let graph: DocumentGraph | undefined
const file = await open(vectorsPath, 'w')
try {
  for (let first = 0; first < rows; first += rowsPerAppend) {
    const vectors = new Float32Array(Math.min(rowsPerAppend, rows - first) * width)
    const beginMs = performance.now()
    await fill(vectors)
    await file.appendFile(new Uint8Array(vectors.buffer))
    const generatedMs = performance.now()
    graph ??= DocumentGraph.empty(width, vectors)
    graph.append(vectors)
    graphMs += performance.now() - generatedMs
    generateMs += generatedMs - beginMs
  }
  await file.sync()
} finally {
  await file.close()
}
graph?.save(graphPath)
parentPort.postMessage({
  generateSeconds: generateMs / 1_000,
  graphSeconds: graphMs / 1_000,
} satisfies BuildTimes)
