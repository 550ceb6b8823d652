import { gatherCopied, scanStretch } from './scan-copy.ts'
import type { ScanSegment } from './scan-segment.ts'
import type { FloatPlane } from './tangent-planes.ts'

/** Of the first so many, products of the f32 vectors are computed, too: to tell how far off a device is that ranks by them. */
export const measuredVectors = 64

/** A vector of a segment, which has several a document where texts are cut into passages. */
export interface VectorToEstimate {
  /** Its segment's place in the shard. */
  readonly segment: number
  readonly vector: number
}

export interface EstimatedVectors {
  /** f64, as a scan of the segment estimates them, to the bit. */
  readonly estimates: Float64Array
  /** f64, of the first `measuredVectors`: the inner products of the f32 vectors with their `FloatPlane`. */
  readonly products: Float64Array
}

/** @param planes of the segments, all finite */
export function estimateVectors(
  segments: readonly ScanSegment[],
  planes: readonly FloatPlane[],
  vectors: readonly VectorToEstimate[],
): EstimatedVectors {
  const estimates = new Float64Array(vectors.length)
  for (const [segment, at] of segments.entries()) {
    const places = [...vectors.keys()].filter(place => vectors[place]!.segment === segment)
    if (places.length === 0) continue
    const { query, offset } = planes[segment]!
    const gathered = gatherCopied(
      at.segment.scanCopy,
      places.map(place => vectors[place]!.vector),
    )
    const [found] = scanStretch(gathered, [query!], places.length)
    for (const { row, product } of found!) estimates[places[row]!] = product + offset
  }
  return { estimates, products: productsOf(segments, planes, vectors.slice(0, measuredVectors)) }
}

function productsOf(
  segments: readonly ScanSegment[],
  planes: readonly FloatPlane[],
  vectors: readonly VectorToEstimate[],
): Float64Array {
  const row = new Float32Array(segments[0]!.segment.vectors.width)
  return Float64Array.from(vectors, ({ segment, vector }) => {
    segments[segment]!.segment.vectors.copyRow(vector, row)
    const { vector: factors } = planes[segment]!
    let product = 0
    for (let dimension = 0; dimension < row.length; dimension++) product += row[dimension]! * factors[dimension]!
    return product
  })
}
