/**
 * Principal component analysis in two dimensions (Pearson 1901): the plane on which points of many dimensions keep as much
 * of their distances as on any. Points are few and have many dimensions, so the two largest eigenvectors of the Gram matrix
 * of the centred points are looked for, by power iteration, the second after the first was taken out.
 */

export interface Plane {
  /** One a point: its place along the first and the second component, in the unit of the vectors. */
  readonly places: readonly { readonly x: number; readonly y: number }[]
  /** What share of the points' variance each component keeps; together at most 1. */
  readonly shares: readonly [number, number]
}

/** Power iteration ends at this many rounds; by then components that are that alike may stand for each other. */
const roundsMax = 500
/** It ends earlier when the vector turns by less, in each of its numbers. */
const turnMin = 1e-10

/**
 * Costs points² · width once, and points² a round.
 * @param vectors all of one width, finite
 */
export function projectToPlane(vectors: readonly (readonly number[] | Float32Array)[]): Plane {
  const count = vectors.length
  const gram = gramOf(centred(vectors))
  const variance = gram.reduce((sum, row, at) => sum + row[at]!, 0)
  const first = largestEigen(gram, 1.7)
  const second = largestEigen(without(gram, first), 2.9)
  const share = ({ value }: Eigen) => (variance > 0 ? Math.min(1, value / variance) : 0)
  return {
    places: Array.from({ length: count }, (_, at) => ({ x: placeOf(first, at), y: placeOf(second, at) })),
    shares: [share(first), share(second)],
  }
}

interface Eigen {
  readonly value: number
  /** Of length 1; all 0 where there is nothing left. */
  readonly vector: Float64Array
}

function placeOf({ value, vector }: Eigen, at: number): number {
  return Math.sqrt(value) * vector[at]!
}

function centred(vectors: readonly (readonly number[] | Float32Array)[]): Float64Array[] {
  const width = vectors[0]?.length ?? 0
  const mean = new Float64Array(width)
  for (const vector of vectors) for (let at = 0; at < width; at++) mean[at]! += vector[at]! / vectors.length
  return vectors.map(vector => Float64Array.from({ length: width }, (_, at) => vector[at]! - mean[at]!))
}

/** The inner products of all pairs. */
function gramOf(points: readonly Float64Array[]): Float64Array[] {
  const gram = points.map(() => new Float64Array(points.length))
  for (let row = 0; row < points.length; row++) {
    for (let column = row; column < points.length; column++) {
      const product = productOf(points[row]!, points[column]!)
      gram[row]![column] = product
      gram[column]![row] = product
    }
  }
  return gram
}

function productOf(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}

/**
 * @param turn what the search starts from, of no symmetry, so that it is at a right angle to no eigenvector but by chance.
 * The second search needs another: of two components that are alike, the first has taken all that its start had of both.
 */
function largestEigen(matrix: readonly Float64Array[], turn: number): Eigen {
  const count = matrix.length
  const nothing = { value: 0, vector: new Float64Array(count) }
  let vector = normalised(Float64Array.from({ length: count }, (_, at) => Math.sin(turn * (at + 1))))
  if (vector === undefined) return nothing
  for (let round = 0; round < roundsMax; round++) {
    const next: Float64Array | undefined = normalised(times(matrix, vector))
    if (next === undefined) return nothing
    const turned = next.reduce((most, value, at) => Math.max(most, Math.abs(value - vector![at]!)), 0)
    vector = next
    if (turned < turnMin) break
  }
  const value = productOf(times(matrix, vector), vector)
  return value > 0 ? { value, vector: turnedUp(vector) } : nothing
}

/** An eigenvector points two ways: the one is taken in which its largest number is positive, so that a map stands still. */
function turnedUp(vector: Float64Array): Float64Array {
  const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) + 1e-9 ? value : best), 0)
  return largest < 0 ? vector.map(value => -value) : vector
}

function times(matrix: readonly Float64Array[], vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, row => productOf(row, vector))
}

/** @returns undefined for one without length */
function normalised(vector: Float64Array): Float64Array | undefined {
  const length = Math.hypot(...vector)
  return length > 1e-12 ? vector.map(value => value / length) : undefined
}

/** The matrix with an eigenvector taken out. */
function without(matrix: readonly Float64Array[], { value, vector }: Eigen): Float64Array[] {
  return matrix.map((row, at) => row.map((entry, column) => entry - value * vector[at]! * vector[column]!))
}
