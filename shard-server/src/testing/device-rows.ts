/** Segments and requests for backends, without a store. */
import { pseudoRandomTensor, pseudoRandomWeights } from '@hypershard/harness/qnets'
import { encodeWeights, type QNetArchitecture, type QNetWeights, qnetDigest } from '@hypershard/qnet'
import { makeScanCopy } from '../cpu/scan-copy.ts'
import { vectorsInMemory } from '../cpu/vector-rows.ts'
import type { ScanAnswer, ScanRequest, SegmentToHold, ShardToScan } from '../ports.ts'
import { WeightsMemory } from '../qnets/weights-memory.ts'

const memory = new WeightsMemory()

/** @param repeats from this row on all are copies of the first, with ids of their own */
export function segmentOf(
  key: string,
  { rows, width, seed, repeats = rows }: { rows: number; width: number; seed: number; repeats?: number },
): SegmentToHold {
  const vectors = new Float32Array(new SharedArrayBuffer(rows * width * 4))
  vectors.set(pseudoRandomTensor(seed, rows * width, 1))
  for (let row = repeats; row < rows; row++) vectors.copyWithin(row * width, 0, width)
  const ids = Array.from({ length: rows }, (_, row) => Buffer.from(`${key}-${(row * 7919) % rows}`))
  const bytes = new Uint8Array(new SharedArrayBuffer(ids.reduce((sum, id) => sum + id.length, 0)))
  const offsets = new Int32Array(new SharedArrayBuffer((rows + 1) * 4))
  for (const [row, id] of ids.entries()) {
    bytes.set(id, offsets[row]!)
    offsets[row + 1] = offsets[row]! + id.length
  }
  const scanCopy = makeScanCopy(vectorsInMemory(vectors, width))
  return { key, width, vectors, ids: { offsets, bytes }, scanCopy, graphPath: undefined, recallKnobs: [] }
}

/** A segment whose documents have one to `vectorsMax` vectors each. */
export function passagesOf(
  key: string,
  shape: { readonly documents: number; readonly width: number; readonly seed: number; readonly vectorsMax: number },
): SegmentToHold {
  const { documents, width, seed, vectorsMax } = shape
  const vectorStarts = new Int32Array(new SharedArrayBuffer((documents + 1) * 4))
  for (let row = 0; row < documents; row++) {
    vectorStarts[row + 1] = vectorStarts[row]! + 1 + ((row * 7919 + seed) % vectorsMax)
  }
  const rows = vectorStarts.at(-1)!
  const { ids } = segmentOf(key, { rows: documents, width, seed })
  return { ...segmentOf(key, { rows, width, seed, repeats: Math.ceil(rows * 0.9) }), ids, vectorStarts }
}

export function wholeShard(shard: number, segments: readonly SegmentToHold[]): ShardToScan {
  return {
    shard,
    segments: segments.map(({ key, ids }, position) => {
      return { key, position, excluded: undefined, eligible: ids.offsets.length - 1 }
    }),
  }
}

/** The ten best of all, exactly. */
export function exactScan(
  architecture: QNetArchitecture,
  shards: readonly ShardToScan[],
  { seed = 1, weights = pseudoRandomWeights(architecture, seed), ...wishes }: ScanWishes = {},
): ScanRequest {
  const encoded = encodeWeights(architecture, weights, 'f32')
  const digest = qnetDigest(architecture, 'f32', encoded)
  return {
    qnet: { digest, architecture, precision: 'f32', weights: memory.copy(encoded) },
    scoring: 'fp32',
    plan: { kind: 'exact' },
    rangeSample: new Float32Array(0),
    limit: 10,
    after: undefined,
    endEpochMs: performance.timeOrigin + performance.now() + 60_000,
    shards,
    ...wishes,
  }
}

export interface ScanWishes extends Partial<ScanRequest> {
  readonly seed?: number
  readonly weights?: QNetWeights
}

/** What an answer says, without what differs from run to run, and what only an uncounted page has: a device counts nothing. */
export function foundIn({ scans }: ScanAnswer) {
  return scans.map(({ scoreMs: _, beforeCount: __, ...scan }) => scan)
}
