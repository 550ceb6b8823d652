import {
  architectureKey,
  type DevicePrecision,
  type DeviceProvider,
  type DeviceWeights,
  DocumentsOnDevice,
  type QNetArchitecture,
} from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage/rows'
import { eligibleRows } from '../cpu/row-blocks.ts'
import type { VectorRows } from '../cpu/vector-rows.ts'
import type { SegmentToScan } from '../ports.ts'
import type { RankedChunk } from './messages.ts'

export interface DeviceSegmentOptions {
  readonly vectors: VectorRows
  readonly provider: DeviceProvider
  readonly precision: DevicePrecision
  readonly chunkBytesMax: number
}

export interface ChunkWish {
  readonly excluded: SegmentToScan['excluded']
  readonly count: number
  readonly ceiling: number
}

/**
 * A segment's vectors on a device, in chunks, each a graph of its own. A chunk goes there when it is first ranked: what is
 * compiled with it is the q-net's architecture, which a segment does not know. All q-nets of a segment's model have one
 * architecture; another one takes the first one's place.
 */
export class DeviceSegment {
  readonly #options: DeviceSegmentOptions
  readonly #chunkRows: number
  #architecture = ''
  readonly #chunks: (DocumentsOnDevice | undefined)[]

  constructor(options: DeviceSegmentOptions) {
    const { vectors, chunkBytesMax } = options
    this.#options = options
    const rowBytes = vectors.width * Float32Array.BYTES_PER_ELEMENT
    this.#chunkRows = Math.max(1, Math.floor(chunkBytesMax / rowBytes))
    this.#chunks = Array.from({ length: Math.ceil(vectors.rows / this.#chunkRows) }, () => undefined)
  }

  get chunks(): number {
    return this.#chunks.length
  }

  isOpen(chunk: number, architecture: QNetArchitecture): boolean {
    return this.#architecture === architectureKey(architecture) && this.#chunks[chunk] !== undefined
  }

  /** Brings a chunk to the device. @throws what onnxruntime throws */
  async open(chunk: number, architecture: QNetArchitecture): Promise<void> {
    if (this.isOpen(chunk, architecture)) return
    const key = architectureKey(architecture)
    if (this.#architecture !== key) await this.release()
    this.#architecture = key
    const { provider, precision } = this.#options
    this.#chunks[chunk] = await DocumentsOnDevice.open(architecture, this.vectorsOf(chunk), provider, precision)
  }

  /** f32 [rows, width]; good until the next call. */
  vectorsOf(chunk: number): Float32Array {
    const { first, last } = this.#rowsOf(chunk)
    return this.#options.vectors.range(first, last)
  }

  /** Rows of a chunk that can be hits. */
  eligibleOf(chunk: number, excluded: SegmentToScan['excluded']): number {
    const { first, last } = this.#rowsOf(chunk)
    return eligibleRows(first, last, excluded)
  }

  /** The best rows of a chunk that is open. @throws what onnxruntime throws */
  async rank(
    chunk: number,
    weights: DeviceWeights,
    { excluded, count, ceiling }: ChunkWish,
  ): Promise<Omit<RankedChunk, 'segment'>> {
    const { first, last } = this.#rowsOf(chunk)
    const allowed = new Uint8Array(last - first).fill(1)
    if (excluded !== undefined) {
      for (let row = first; row < last; row++) if (hasBit(excluded, row)) allowed[row - first] = 0
    }
    const found = await this.#chunks[chunk]!.rank(weights, { allowed, count, ceiling })
    const eligible = this.eligibleOf(chunk, excluded)
    const all = found.rows.length < count || found.rows.length === eligible
    return {
      rows: found.rows.map(row => first + row),
      scores: found.scores,
      left: all ? Number.NEGATIVE_INFINITY : found.scores.at(-1)!,
      eligible,
    }
  }

  async release(): Promise<void> {
    const open = this.#chunks.flatMap(chunk => chunk ?? [])
    this.#chunks.fill(undefined)
    for (const chunk of open) await chunk.release()
  }

  #rowsOf(chunk: number): { readonly first: number; readonly last: number } {
    const first = chunk * this.#chunkRows
    return { first, last: Math.min(first + this.#chunkRows, this.#options.vectors.rows) }
  }
}
