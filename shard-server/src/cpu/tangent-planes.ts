/**
 * The tangent planes that a shard's documents are ranked by. What the int8 products of a plane amount to is an inner product
 * of the f32 vectors with another vector, but for what rounding the vectors to bytes takes or adds, and of that a bound is known:
 * so that something else than a scoring thread, which has no int8 copies, may rank by a plane.
 */
import type { Tangents } from '@hypershard/qnet'
import { type ScanQuery, toScanQuery } from './scan-copy.ts'
import type { ScanSegment } from './scan-segment.ts'

/** The q-net's tangent planes at f32 points, row-major [count, width]. */
export type TangentsAt = (points: Float32Array) => Promise<Tangents>

/** A segment's tangent plane: an estimate is an int8 product with `query`, and `offset`. */
export interface TangentPlane {
  /** Undefined where the plane is not finite. */
  readonly query: ScanQuery | undefined
  readonly gradient: Float32Array
  /** s(c) - g c */
  readonly offset: number
}

/** A plane for f32 vectors, too. */
export interface FloatPlane extends Omit<TangentPlane, 'gradient'> {
  /** f32 [width] */
  readonly vector: Float32Array
  /** A document's inner product with `vector` and its int8 product are at most so far from each other. */
  readonly bound: number
}

/** The points that tangents are taken at, row-major [segments, width]. */
export function meansOf(segments: readonly ScanSegment[]): Float32Array {
  const width = segments[0]?.segment.vectors.width ?? 0
  const points = new Float32Array(segments.length * width)
  for (const [at, { segment }] of segments.entries()) points.set(segment.scanCopy.mean, at * width)
  return points
}

export async function planesOf(segments: readonly ScanSegment[], tangents: TangentsAt): Promise<TangentPlane[]> {
  const { width } = segments[0]!.segment.vectors
  const { scores, gradients } = await tangents(meansOf(segments))
  return segments.map(({ segment: { scanCopy } }, segment) => {
    const gradient = gradients.subarray(segment * width, (segment + 1) * width)
    let offset = scores[segment]!
    for (let dimension = 0; dimension < width; dimension++) offset -= gradient[dimension]! * scanCopy.mean[dimension]!
    return { query: Number.isFinite(offset) ? toScanQuery(gradient, scanCopy) : undefined, gradient, offset }
  })
}

export async function floatPlanesOf(segments: readonly ScanSegment[], tangents: TangentsAt): Promise<FloatPlane[]> {
  const planes = await planesOf(segments, tangents)
  return planes.map((plane, at) => toFloatPlane(plane, segments[at]!.segment.scanCopy.scales))
}

/** For the last bits of scales, of `vector` and of large products: a hundred times what they come to. */
const roundingShare = 1.001

/**
 * A vector x is copied as b with |x - s b| <= s / 2 in each dimension of scale s, and b is multiplied by whole numbers q, each
 * product worth u: so u q b is v x for v = u q / s, up to |u q| / 2.
 */
function toFloatPlane({ query, offset }: TangentPlane, scales: Float32Array): FloatPlane {
  const vector = new Float32Array(scales.length)
  let bound = 0
  for (let dimension = 0; query !== undefined && dimension < vector.length; dimension++) {
    // Where the scale is 0 all vectors are.
    if (scales[dimension] === 0) continue
    const value = query.unit * query.bytes[dimension]!
    vector[dimension] = value / scales[dimension]!
    bound += Math.abs(value) / 2
  }
  return { query, offset, vector, bound: roundingShare * bound }
}
