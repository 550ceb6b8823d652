/**
 * A leaf's scale without scoring the whole sample: a tangent says of every row nearly what the q-net does, and the q-net's
 * scores of some rows what is missing. (The tangent is a control variate: its own mean and spread are known of all rows.)
 */
import { type LeafScale, toScale } from './leaf-scale.ts'

/** Of a larger sample the q-net scores so many rows, spread evenly. */
export const scoredRows = 64
/**
 * What a tangent may be wrong by, as a share of the scores' variance. Up to this, mean and spread are off by less than 2 % of
 * the spread, half of what another draw of 512 documents would change.
 */
const errorShareMax = 0.02

/** f32 vectors, row-major [rows, width]. */
export interface SampleRows {
  readonly vectors: Float32Array
  readonly width: number
}

/** A tangent plane at a point: score + gradient (x - point). */
export interface PlaneAt {
  readonly point: Float32Array
  readonly score: number
  readonly gradient: Float32Array
}

/** The rows that are scored. */
export function rowsToScore({ vectors, width }: SampleRows): Float32Array {
  const places = placesToScore(vectors.length / width)
  const rows = new Float32Array(places.length * width)
  for (const [at, place] of places.entries()) {
    rows.set(vectors.subarray(place * width, (place + 1) * width), at * width)
  }
  return rows
}

export function meanOf({ vectors, width }: SampleRows): Float32Array {
  const sums = new Float64Array(width)
  for (let at = 0; at < vectors.length; at += width) {
    for (let dimension = 0; dimension < width; dimension++) sums[dimension]! += vectors[at + dimension]!
  }
  return Float32Array.from(sums, sum => (sum * width) / vectors.length)
}

/**
 * @param scores of `rowsToScore`
 * @returns undefined where the q-net bends too much, or anything is not finite
 */
export function estimateScale(sample: SampleRows, plane: PlaneAt, scores: Float32Array): LeafScale | undefined {
  const planar = planarScores(sample, plane)
  const said = placesToScore(planar.length).map(place => planar[place]!)
  const errors = said.map((value, at) => scores[at]! - value)
  const error = momentsOf(errors)
  const both = momentsOf(said)
  const covariance =
    errors.reduce((sum, value, at) => sum + (value - error.mean) * (said[at]! - both.mean), 0) / errors.length
  const { mean, variance } = momentsOf(planar)
  const whole = variance + 2 * covariance + error.variance
  // False for NaN too.
  return error.variance <= errorShareMax * whole ? toScale(mean + error.mean, whole) : undefined
}

function placesToScore(rows: number): number[] {
  return Array.from({ length: scoredRows }, (_, at) => Math.floor((at * rows) / scoredRows))
}

function planarScores({ vectors, width }: SampleRows, { point, score, gradient }: PlaneAt): Float64Array {
  const scores = new Float64Array(vectors.length / width)
  let offset = score
  for (let dimension = 0; dimension < width; dimension++) offset -= gradient[dimension]! * point[dimension]!
  for (let row = 0; row < scores.length; row++) {
    let product = 0
    for (let dimension = 0; dimension < width; dimension++)
      product += gradient[dimension]! * vectors[row * width + dimension]!
    scores[row] = offset + product
  }
  return scores
}

function momentsOf(values: ArrayLike<number> & Iterable<number>): { readonly mean: number; readonly variance: number } {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean, variance: squares / values.length }
}
