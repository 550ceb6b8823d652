/**
 * Documents that a device ranks a second, by the graph that shard servers run there, by a q-net and by a vector (the pass of the
 * plan `tangent`), beside the device's own limit: the same
 * q-net's matrix products alone, over the same documents, in the same run. Beside both, one core of the CPU. What the device
 * found is compared with the CPU's scores first: a device that ranks wrongly has no speed.
 */
import assert from 'node:assert/strict'
import { pseudoRandomCase, publishedArchitecture } from '@hypershard/harness/qnets'
import {
  blockRows,
  coreLayers,
  createDeviceSession,
  type DevicePrecision,
  type DeviceProvider,
  DocumentsOnDevice,
  floatFeeds,
  flopsPerDocument,
  GraphBuilder,
  type QNetArchitecture,
  QNetScorer,
  type QNetWeights,
  type RankedRows,
  vectorWidth,
  WeightsUploader,
  weightsOnHost,
} from '@hypershard/qnet'
import { median } from '../statistics.ts'

export const gpuBenchOptions = {
  /** `webgpu`, `cuda` or `cuda:1`; `cpu` plays a device. */
  device: { type: 'string', default: 'webgpu' },
  /** Of one chunk; 87,381 of width 768 are as large as chunks become. */
  documents: { type: 'string', default: '65536' },
  rounds: { type: 'string', default: '9' },
  /** What vectors lie on the device in: `f32` or `f16`. */
  precision: { type: 'string', default: 'f32' },
  /** `width:depth`, separated by commas. */
  shapes: { type: 'string', default: '384:1,384:4,768:6' },
} as const

export interface GpuRow {
  device: string
  precision: DevicePrecision
  width: number
  depth: number
  documents: number
  /** The CPU's best ten and the device's are the same documents. */
  sameBest: boolean
  /** The largest difference of a score that both gave, relative to the largest score. */
  relativeError: number
  /** Compiling the graph and bringing the documents to the device. */
  openMs: number
  docsPerSecond: number
  /** How much longer a run takes that the weights go in with: what a chunk costs where they cannot stay on the device. */
  weightsMs: number
  limitDocsPerSecond: number
  ratioToLimit: number
  teraflops: number
  oneCoreDocsPerSecond: number
  /** As `sameBest` and `relativeError`, by an inner product with a vector: the pass of the plan `tangent`. */
  sameBestByVector: boolean
  relativeErrorByVector: number
  docsPerSecondByVector: number
  /** Of vectors read, which is what bounds that pass. */
  gigabytesPerSecondByVector: number
}

const best = 10

export async function runGpuBench(options: Readonly<Record<string, unknown>>) {
  const [name = '', number = '0'] = String(options.device).split(':')
  const provider: DeviceProvider = { name: name as DeviceProvider['name'], number: Number(number) }
  const rows: GpuRow[] = []
  for (const shape of String(options.shapes).split(',')) {
    const [width, depth] = shape.split(':').map(Number)
    const architecture = publishedArchitecture(width!, depth!)
    const precision = options.precision === 'f16' ? 'f16' : 'f32'
    const sizes = { documents: Number(options.documents), rounds: Number(options.rounds) }
    rows.push(await measure(architecture, provider, precision, sizes))
  }
  return rows.map(row => ({ ...row }))
}

async function measure(
  architecture: QNetArchitecture,
  provider: DeviceProvider,
  precision: DevicePrecision,
  { documents, rounds }: { readonly documents: number; readonly rounds: number },
): Promise<GpuRow> {
  const { documents: vectors, weights } = pseudoRandomCase(architecture, 1, documents)
  const cpu = await scoreOnOneCore(architecture, weights, vectors)
  const startMs = performance.now()
  const held = await DocumentsOnDevice.open(architecture, vectors, provider, precision)
  const openMs = performance.now() - startMs
  const allowed = new Uint8Array(documents).fill(1)
  const uploader = await WeightsUploader.open(architecture, provider)
  const uploaded = await uploader.upload(weights)
  const wish = { allowed, ceiling: 3e38, count: best }
  const rank = () => held.rank(uploaded, wish)
  const width = vectorWidth(architecture)
  const vector = vectors.subarray(0, width)
  const rankByVector = () => held.rankByVector(vector, wish)
  const limit = await openLimit(architecture, weights, vectors, provider)
  // The first run of each compiles.
  const found = await rank()
  const byVector = compare(productsWith(vector, vectors), await rankByVector())
  await limit.run()
  const [scorerMs, limitMs, sentMs, vectorMs]: [number[], number[], number[], number[]] = [[], [], [], []]
  const onHost = weightsOnHost(architecture, weights)
  for (let round = 0; round < rounds; round++) {
    scorerMs.push(await timeOf(rank))
    sentMs.push(await timeOf(() => held.rank(onHost, wish)))
    limitMs.push(await timeOf(limit.run))
    vectorMs.push(await timeOf(rankByVector))
  }
  uploaded.release()
  await uploader.release()
  await held.release()
  await limit.release()
  const perSecond = (times: readonly number[]) => (documents * 1_000) / median(times)
  const byQNet = compare(cpu.scores, found)
  const valueBytes = precision === 'f16' ? 2 : 4
  return {
    device: provider.name === 'cuda' ? `cuda:${provider.number}` : provider.name,
    precision,
    width,
    depth: coreLayers(architecture).length,
    documents,
    sameBest: byQNet.same,
    relativeError: byQNet.error,
    openMs,
    docsPerSecond: perSecond(scorerMs),
    weightsMs: median(sentMs) - median(scorerMs),
    limitDocsPerSecond: perSecond(limitMs),
    ratioToLimit: median(limitMs) / median(scorerMs),
    teraflops: (perSecond(scorerMs) * flopsPerDocument(architecture)) / 1e12,
    oneCoreDocsPerSecond: cpu.docsPerSecond,
    sameBestByVector: byVector.same,
    relativeErrorByVector: byVector.error,
    docsPerSecondByVector: perSecond(vectorMs),
    gigabytesPerSecondByVector: (perSecond(vectorMs) * width * valueBytes) / 1e9,
  }
}

/** Whether the device found the best, and how far its scores of what it found are off, as a share of the largest score. */
function compare(scores: Float32Array, found: RankedRows): { readonly same: boolean; readonly error: number } {
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, best)
  const scale = scores.reduce((most, score) => Math.max(most, Math.abs(score)), 0)
  const errors = [...found.rows].map((row, at) => Math.abs(found.scores[at]! - scores[row]!) / scale)
  return { same: order.every(row => found.rows.includes(row)), error: Math.max(...errors) }
}

function productsWith(vector: Float32Array, vectors: Float32Array): Float32Array {
  const width = vector.length
  return Float32Array.from({ length: vectors.length / width }, (_, row) => {
    let product = 0
    for (let at = 0; at < width; at++) product += vector[at]! * vectors[row * width + at]!
    return product
  })
}

async function scoreOnOneCore(architecture: QNetArchitecture, weights: QNetWeights, vectors: Float32Array) {
  const scorer = await new QNetScorer(architecture).prepareFp32(weights)
  const width = architecture.vectorDimensions[0]!
  const scores = new Float32Array(vectors.length / width)
  await scorer.score(vectors.subarray(0, width * Math.min(blockRows, scores.length)))
  const ms = await timeOf(async () => {
    for (let first = 0; first < scores.length; first += blockRows) {
      scores.set(await scorer.score(vectors.subarray(first * width, (first + blockRows) * width)), first)
    }
  })
  return { scores, docsPerSecond: (scores.length * 1_000) / ms }
}

/** The core layers' products alone, and one number out. */
async function openLimit(
  architecture: QNetArchitecture,
  weights: QNetWeights,
  vectors: Float32Array,
  provider: DeviceProvider,
) {
  const graph = new GraphBuilder('products')
  const width = architecture.vectorDimensions[0]!
  let hidden = graph.constant('documents', vectors, [vectors.length / width, width])
  for (const [index, shape] of coreLayers(architecture).entries()) {
    const matrix = graph.input(`matrix_${index}`, 'float32', [shape.in, shape.out])
    hidden = graph.node('MatMul', [hidden, matrix], `product_${index}`)
  }
  const zero = graph.constant('zero', BigInt64Array.of(0n), [1])
  graph.output(graph.node('Gather', [hidden, zero], 'first', { attributes: { axis: 0 } }), 'float32', [1, width])
  const session = await createDeviceSession(graph.build(), provider)
  const all = floatFeeds(architecture, weights)
  const feeds = Object.fromEntries(session.inputNames.map(name => [name, all[name]!]))
  assert(session.inputNames.length > 0, 'a q-net without core layers has no products to compare with')
  return { run: () => session.run(feeds), release: () => session.release() }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}
