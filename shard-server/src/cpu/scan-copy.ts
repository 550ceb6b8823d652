/** A segment's vectors as bytes, for a first pass over all of them at the speed of memory. */
import usearch from 'usearch'
import type { ScanCopy } from '../ports.ts'
import type { VectorRows } from './vector-rows.ts'

/** Rows of a stretch, what one claim of a scoring thread scans: some tenths of a millisecond. */
export const stretchRows = 16_384

const byteMax = 127

/** Reads all vectors twice, stretch by stretch; values that are not finite become 0. */
export function makeScanCopy(vectors: VectorRows): ScanCopy {
  const { rows, width } = vectors
  const sums = new Float64Array(width)
  const largest = new Float64Array(width)
  for (const stretch of stretchesOf(vectors)) addStretch(stretch, sums, largest)
  const mean = sharedFloats(width)
  const scales = sharedFloats(width)
  for (let dimension = 0; dimension < width; dimension++) {
    mean[dimension] = sums[dimension]! / Math.max(1, rows)
    scales[dimension] = largest[dimension]! / byteMax
  }
  const stretches = []
  for (const stretch of stretchesOf(vectors)) stretches.push(toBytes(stretch, scales))
  return { mean, scales, stretches }
}

function* stretchesOf(vectors: VectorRows): Generator<Float32Array> {
  for (let first = 0; first < vectors.rows; first += stretchRows) {
    yield vectors.range(first, Math.min(first + stretchRows, vectors.rows))
  }
}

function addStretch(vectors: Float32Array, sums: Float64Array, largest: Float64Array): void {
  const width = sums.length
  for (let at = 0; at < vectors.length; at += width) {
    for (let dimension = 0; dimension < width; dimension++) {
      const value = vectors[at + dimension]!
      if (!Number.isFinite(value)) continue
      sums[dimension]! += value
      largest[dimension] = Math.max(largest[dimension]!, Math.abs(value))
    }
  }
}

function toBytes(vectors: Float32Array, scales: Float32Array): Int8Array<SharedArrayBuffer> {
  const width = scales.length
  const bytes = new Int8Array(new SharedArrayBuffer(vectors.length))
  const perUnit = Float64Array.from(scales, scale => (scale === 0 ? 0 : 1 / scale))
  for (let at = 0; at < vectors.length; at += width) {
    for (let dimension = 0; dimension < width; dimension++) {
      const value = Math.round(vectors[at + dimension]! * perUnit[dimension]!)
      bytes[at + dimension] = Number.isNaN(value) ? 0 : Math.max(-byteMax, Math.min(byteMax, value))
    }
  }
  return bytes
}

/** Some rows of a copy, int8 [rows, width], in a buffer of their own. */
export function gatherCopied({ stretches, scales }: ScanCopy, rows: readonly number[]): Int8Array {
  const width = scales.length
  const gathered = new Int8Array(rows.length * width)
  for (const [place, row] of rows.entries()) {
    const at = (row % stretchRows) * width
    gathered.set(stretches[Math.floor(row / stretchRows)]!.subarray(at, at + width), place * width)
  }
  return gathered
}

/** A query vector for a scan copy. */
export interface ScanQuery {
  /** int8 [width], in a buffer of its own. */
  readonly bytes: Int8Array
  /** What a product of bytes is worth. */
  readonly unit: number
}

/** @returns undefined when the vector has a value that is not finite */
export function toScanQuery(vector: Float32Array, { scales }: ScanCopy): ScanQuery | undefined {
  // Loops: with callbacks for every value this took a tenth of the time of a short search.
  const scaled = new Float64Array(vector.length)
  let largest = 0
  for (let dimension = 0; dimension < scaled.length; dimension++) {
    const value = vector[dimension]! * scales[dimension]!
    scaled[dimension] = value
    largest = Math.max(largest, Math.abs(value))
  }
  if (!Number.isFinite(largest)) return undefined
  const unit = largest === 0 ? 1 : largest / byteMax
  const bytes = new Int8Array(scaled.length)
  for (let dimension = 0; dimension < bytes.length; dimension++)
    bytes[dimension] = Math.round(scaled[dimension]! / unit)
  return { bytes, unit }
}

export interface ScannedRow {
  /** Within the stretch. */
  readonly row: number
  /** The inner product with the query vector, about. */
  readonly product: number
}

/**
 * For each query, the rows of a stretch with the largest inner products, best first; all of them when there are fewer than
 * `count`. Each row is read once for all queries.
 */
export function scanStretch(stretch: Int8Array, queries: readonly ScanQuery[], count: number): ScannedRow[][] {
  const width = queries[0]!.bytes.length
  const wanted = Math.min(count, stretch.length / width)
  if (wanted === 0) return queries.map(() => [])
  const vectors = queries.length === 1 ? queries[0]!.bytes : joined(queries, width)
  const { keys, distances } = usearch.exactSearch(stretch, vectors, width, wanted, usearch.MetricKind.IP, 1)
  // The low words of 64-bit numbers: reading those as BigInts took as long as a tenth of the products.
  const rows = new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length)
  return queries.map(({ unit }, query) => {
    const found: ScannedRow[] = []
    for (let at = query * wanted; at < (query + 1) * wanted; at++) {
      // usearch's distance is 1 - product.
      found.push({ row: rows[2 * at]!, product: (1 - distances[at]!) * unit })
    }
    return found
  })
}

function joined(queries: readonly ScanQuery[], width: number): Int8Array {
  const vectors = new Int8Array(queries.length * width)
  for (const [at, { bytes }] of queries.entries()) vectors.set(bytes, at * width)
  return vectors
}

function sharedFloats(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))
}
