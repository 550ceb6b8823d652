/**
 * The thread of a device. A run of onnxruntime blocks its thread until the device is done, so it happens here. Queries take
 * turns, a chunk each; between chunks their deadlines and cancellations are looked at.
 */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { toFailure } from '@hypershard/common'
import {
  architectureKey,
  type DevicePrecision,
  type DeviceWeights,
  DocumentsOnDevice,
  magnitudeOf,
  missingDevice,
  missingHalf,
  type QNetArchitecture,
  type QNetWeights,
  vectorWidth,
  WeightsUploader,
  weightsOnHost,
  withDeviceErrors,
} from '@hypershard/qnet'
import { LRUCache } from 'lru-cache'
import { TurnQueue } from '../cpu/turn-queue.ts'
import { openVectorsFile, vectorsInMemory } from '../cpu/vector-rows.ts'
import type { SharedQNet } from '../ports.ts'
import { DeviceQNets } from './device-qnets.ts'
import { DeviceSegment } from './device-segment.ts'
import type { DeviceAnswer, DeviceRankTask, DeviceThreadData, ToDeviceThread } from './messages.ts'
import { type ProbedDocuments, probeArchitecture, probeCosts } from './probe-costs.ts'
import { type ChunkToRank, type RankOptions, rankChunks } from './rank-chunks.ts'
import { reserveRows } from './search-on-device.ts'
import { WeightsRoom } from './weights-room.ts'

type HoldMessage = Extract<ToDeviceThread, { readonly type: 'hold' }>

/** Widths whose last architecture is remembered. */
const architecturesMax = 16

interface HeldOnDevice {
  readonly segment: DeviceSegment
  close(): void
}

const port = parentPort
assert(port !== null, 'the thread of a device is started as a worker')
const { provider, chunkBytesMax, weightsBytesMax, precision: wanted } = workerData as DeviceThreadData
const asked = { provider, setting: 'HYPERSHARD_SHARD_DEVICE' }

const segments = new Map<string, HeldOnDevice>()
const queue = new TurnQueue()
const qnets = new DeviceQNets()
const room = new WeightsRoom(weightsBytesMax)
if (wanted === 'f16') qnets.precision = wanted
/** Of tasks under way, by call. */
const underWay = new Map<number, { cancelled: boolean }>()
const monotonicMs = () => performance.now()
/**
 * Of the last queries, by the width of their vectors: what is held from now on goes to the device at once, so that the next
 * query need not wait for it.
 */
const architectures = new LRUCache<number, QNetArchitecture>({ max: architecturesMax })
/** By architecture. What it has brought to the device stays there when it is released. */
const uploaders = new LRUCache<string, WeightsUploader>({
  max: architecturesMax,
  dispose: (uploader, _, reason) => void (reason === 'evict' && uploader.release()),
})

port.on('message', (message: ToDeviceThread) => {
  switch (message.type) {
    case 'probe':
      void answer(message.call, () => probe(message.withCosts))
      break
    case 'hold':
      void answer(message.call, () => hold(message))
      break
    case 'drop':
      drop(message.key)
      break
    case 'rank':
      void answer(message.call, () => rank(message.call, message.work))
      break
    case 'cancel': {
      const task = underWay.get(message.call)
      if (task !== undefined) task.cancelled = true
      break
    }
    case 'close':
      queue.close()
      port.close()
  }
})

async function answer(call: number, work: () => Promise<DeviceAnswer>): Promise<void> {
  try {
    port!.postMessage({ call, answer: await work() })
  } catch (error) {
    port!.postMessage({ call, ...toFailure(error) })
  }
}

/** A graph of two rows: whether there is a device at all, then whether it has f16; then what its work takes. */
async function probe(withCosts: boolean): Promise<DeviceAnswer> {
  try {
    await rankTwoRows('f32')
  } catch (error) {
    throw missingDevice(asked, error)
  }
  qnets.precision = wanted === 'f32' || !(await hasHalf()) ? 'f32' : 'f16'
  const costs = withCosts ? await withDeviceErrors(() => probeCosts({ open: openToProbe, monotonicMs })) : undefined
  return { result: { type: 'ready', precision: qnets.precision, costs }, queueMs: undefined, workMs: 0 }
}

async function openToProbe(rows: number): Promise<ProbedDocuments> {
  const [width = 0] = probeArchitecture.vectorDimensions
  const valuesOf = (length: number) => Float32Array.from({ length }, (_, at) => Math.sin(at))
  const held = await DocumentsOnDevice.open(probeArchitecture, valuesOf(rows * width), provider, qnets.precision)
  const matrices = [valuesOf(width * width), valuesOf(width)]
  const uploader = await WeightsUploader.open(probeArchitecture, provider)
  const weights = await uploader.upload({ matrices, biases: [valuesOf(width)] })
  const wish = { allowed: new Uint8Array(rows).fill(1), ceiling: 3e38, count: Math.min(rows, reserveRows) }
  return {
    rankByQNet: () => held.rank(weights, wish),
    rankByVector: () => held.rankByVector(valuesOf(width), wish),
    release: async () => {
      weights.release()
      await uploader.release()
      await held.release()
    },
  }
}

async function hasHalf(): Promise<boolean> {
  try {
    await rankTwoRows('f16')
    return true
  } catch (error) {
    if (wanted === 'f16') throw missingHalf(asked, error)
    return false
  }
}

async function rankTwoRows(precision: DevicePrecision): Promise<void> {
  const plain = { activation: 'relu', layerNorm: false, layerNormBeforeResidual: false, residual: false } as const
  const tiny: QNetArchitecture = { ...plain, vectorDimensions: [2, 1, 1], residualOnLast: false }
  const weights = { matrices: [Float32Array.of(1, 0), Float32Array.of(1)], biases: [Float32Array.of(0)] }
  const documents = await DocumentsOnDevice.open(tiny, Float32Array.of(1, 0, 2, 0), provider, precision)
  const wish = { allowed: Uint8Array.of(1, 1), ceiling: 3, count: 1 }
  const { rows } = await documents.rank(weightsOnHost(tiny, weights), wish)
  await documents.release()
  assert.equal(rows[0], 1, 'the device ranks two rows the wrong way round')
}

async function hold({ key, width, vectors: held, vectorStarts: starts }: HoldMessage): Promise<DeviceAnswer> {
  const file = 'path' in held ? openVectorsFile(held.path, width) : undefined
  const vectors = 'path' in held ? file! : vectorsInMemory(held, width)
  const segment = new DeviceSegment({ vectors, starts, provider, precision: qnets.precision, chunkBytesMax })
  segments.set(key, { segment, close: () => file?.close() })
  let magnitude = 0
  for (let chunk = 0; chunk < segment.chunks; chunk++) {
    await queue.run(async () => {
      magnitude = Math.max(magnitude, magnitudeOf(segment.vectorsOf(chunk)))
      const known = architectures.get(width)
      if (known !== undefined) await withDeviceErrors(() => segment.open(chunk, known))
    })
  }
  // With a value that is no number the segment is the CPU's.
  if (Number.isFinite(magnitude)) qnets.noteMagnitude(magnitude)
  return { result: { type: 'held', magnitude }, queueMs: undefined, workMs: 0 }
}

function drop(key: string): void {
  const held = segments.get(key)
  if (held === undefined) return
  segments.delete(key)
  void queue.run(async () => {
    held.close()
    // What cannot be given back to a device that is gone is gone with it; the next run tells.
    await held.segment.release().catch(() => undefined)
  })
}

async function rank(call: number, task: DeviceRankTask): Promise<DeviceAnswer> {
  const state = { cancelled: false }
  underWay.set(call, state)
  const stopBefore = (expectedMs: number) => {
    if (state.cancelled) return 'cancelled'
    return performance.timeOrigin + performance.now() + expectedMs > task.endEpochMs ? 'deadline' : undefined
  }
  const { by, count, ceiling } = task
  const architecture = by.kind === 'qnet' ? by.qnet.architecture : by.architecture
  const options = { architecture, count, ceiling, queue, stopBefore, monotonicMs }
  try {
    architectures.set(vectorWidth(architecture), architecture)
    return by.kind === 'qnet'
      ? await rankByQNet(task, by.qnet, options)
      : await rankByVectors(task, by.vectors, options)
  } finally {
    underWay.delete(call)
  }
}

type Options = Omit<RankOptions, 'by'>

/** Values may leave what the device computes in. */
const leftToCpu: DeviceAnswer = {
  result: { type: 'rank', ranking: { chunks: [], stop: undefined, tooLarge: true } },
  queueMs: undefined,
  workMs: 0,
}

async function rankByQNet(task: DeviceRankTask, qnet: SharedQNet, options: Options): Promise<DeviceAnswer> {
  const { weights, tooLarge } = qnets.read(qnet)
  if (tooLarge) return leftToCpu
  const uploaded = await queue.run(() => withDeviceErrors(() => upload(qnet.architecture, weights)))
  try {
    return await rankChunks(chunksOf(task), { ...options, by: () => uploaded })
  } finally {
    uploaded.release()
  }
}

/** Each vector made so small or large by a power of two that no product leaves what the device computes in. */
async function rankByVectors(
  task: DeviceRankTask,
  vectors: readonly Float32Array[],
  options: Options,
): Promise<DeviceAnswer> {
  if (!qnets.vectorsFit) return leftToCpu
  const scaled = vectors.map(vector => qnets.scaleVector(vector))
  const answer = await rankChunks(chunksOf(task), { ...options, by: place => scaled[place]!.vector })
  assert(answer.result.type === 'rank')
  const { ranking } = answer.result
  const chunks = ranking.chunks.map(chunk => {
    const { unit } = scaled[chunk.segment]!
    return { ...chunk, scores: chunk.scores.map(score => score * unit), left: chunk.left * unit }
  })
  return { ...answer, result: { type: 'rank', ranking: { ...ranking, chunks } } }
}

async function upload(architecture: QNetArchitecture, weights: QNetWeights): Promise<DeviceWeights> {
  const giveBack = room.take(bytesOf(weights))
  if (giveBack === undefined) return weightsOnHost(architecture, weights)
  const key = architectureKey(architecture)
  try {
    const uploader = uploaders.get(key) ?? (await WeightsUploader.open(architecture, provider))
    uploaders.set(key, uploader)
    const { feeds, release } = await uploader.upload(weights)
    return {
      feeds,
      release: () => {
        release()
        giveBack()
      },
    }
  } catch (error) {
    giveBack()
    throw error
  }
}

function bytesOf({ matrices, biases }: QNetWeights): number {
  return [...matrices, ...biases].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** The chunks that have rows to find. */
function* chunksOf(task: DeviceRankTask): Generator<ChunkToRank> {
  for (const [place, { key, excluded }] of task.segments.entries()) {
    const held = segments.get(key)
    assert(held !== undefined, `segment ${key} is ranked while it is not held`)
    const { segment } = held
    for (let chunk = 0; chunk < segment.chunks; chunk++) {
      if (segment.isWanted(chunk, excluded)) yield { segment, place, chunk, excluded }
    }
  }
}
