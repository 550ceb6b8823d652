import {
  architectureKey,
  type DevicePrecision,
  type DeviceProvider,
  type DeviceWeights,
  DocumentsOnDevice,
  type QNetArchitecture,
} from '@hypershard/qnet'
import { hasBit } from '@hypershard/storage/rows'
import { countOfRow, firstVectorOf, type VectorStarts } from '../cpu/document-rows.ts'
import { type RowsOfStretch, rowsOfVectors } from '../cpu/stretch-rows.ts'
import type { VectorRows } from '../cpu/vector-rows.ts'
import type { SegmentToScan } from '../ports.ts'
import type { RankedChunk } from './messages.ts'

export interface DeviceSegmentOptions {
  readonly vectors: VectorRows
  readonly starts: VectorStarts
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

  /** Whether any document of a chunk can be a hit. */
  isWanted(chunk: number, excluded: SegmentToScan['excluded']): boolean {
    return this.#documentsOf(chunk, excluded).touched > 0
  }

  /** The best vectors of a chunk that is open. @param by weights, or the segment's vector @throws what onnxruntime throws */
  async rank(
    chunk: number,
    by: DeviceWeights | Float32Array,
    { excluded, count, ceiling }: ChunkWish,
  ): Promise<Omit<RankedChunk, 'segment'>> {
    const { first, last, rows, eligible } = this.#documentsOf(chunk, excluded)
    const { starts } = this.#options
    const allowed = new Uint8Array(last - first).fill(1)
    if (excluded !== undefined) {
      for (let row = rows.first; row < rows.last; row++) {
        if (!hasBit(excluded, row)) continue
        const own = firstVectorOf(starts, row)
        allowed.fill(0, Math.max(0, own - first), own + countOfRow(starts, row) - first)
      }
    }
    const allowedCount = allowed.reduce((sum, value) => sum + value, 0)
    const held = this.#chunks[chunk]!
    const wish = { allowed, count, ceiling }
    const found = await (by instanceof Float32Array ? held.rankByVector(by, wish) : held.rank(by, wish))
    const all = found.rows.length < count || found.rows.length === allowedCount
    return {
      vectors: found.rows.map(row => first + row),
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

  #documentsOf(chunk: number, excluded: SegmentToScan['excluded']): RowsOfStretch {
    return rowsOfVectors(this.#rowsOf(chunk), this.#options.starts, excluded)
  }

  #rowsOf(chunk: number): { readonly first: number; readonly last: number } {
    const first = chunk * this.#chunkRows
    return { first, last: Math.min(first + this.#chunkRows, this.#options.vectors.rows) }
  }
}
