/**
 * Vectors as many as one likes, much like real ones: a mixture of Gaussians of one covariance, fitted to them by k-means, then
 * turned into a wider space. Turning changes no inner product.
 */
import { createHash } from 'node:crypto'
import {
  choleskyFactor,
  gaussianNumbers,
  type Matrix,
  type Products,
  randomRotation,
  rowOf,
  toLengthOne,
  transpose,
} from './matrices.ts'

const centresMax = 1_024
/** Real vectors that the mixture is fitted to. */
const fittedRowsMax = 65_536
const iterations = 8
const rowsPerBlock = 4_096

/** What vectors are generated from; plain data, which threads can be given. */
export interface Mixture {
  /** From the real space to the wide one, [real width, width]. */
  readonly rotation: Matrix
  /** In the wide space, [count, width]. */
  readonly centres: Matrix
  /** The centre of each real vector that was fitted: centres have their vectors' share. */
  readonly nearest: Int32Array
  /** Of noise around a centre: a row of it is z times this, [real width, width]. */
  readonly spread: Matrix
}

/** @param width at least the real vectors' */
export async function fitMixture(
  real: Matrix,
  { width, products }: { readonly width: number; readonly products: Products },
): Promise<Mixture> {
  const rows = Math.min(fittedRowsMax, real.values.length / real.columns)
  const sample = spreadRows(real, rows)
  const { centres, nearest } = await cluster(sample, products)
  const rotation = randomRotation(real.columns, width, gaussianNumbers(1).gaussian)
  const residuals = sample.values.slice()
  for (const [row, centre] of nearest.entries()) {
    const residual = residuals.subarray(row * real.columns, (row + 1) * real.columns)
    for (const [at, value] of rowOf(centres, centre).entries()) residual[at]! -= value
  }
  const scatter = await products.transposedProduct(
    { values: residuals, columns: real.columns },
    { values: residuals, columns: real.columns },
  )
  const covariance = { values: scatter.values.map(value => value / rows), columns: real.columns }
  const spread = await products.product(transpose(choleskyFactor(covariance)), rotation)
  return { rotation, centres: await products.product(centres, rotation), nearest, spread }
}

/** The same mixture has the same digest. */
export function mixtureDigest({ centres, nearest, spread }: Mixture): string {
  const hash = createHash('sha256')
  for (const values of [centres.values, nearest, spread.values]) hash.update(values)
  return hash.digest('hex')
}

/** A vector of the real space in the wide one. */
export async function widen({ rotation }: Mixture, vector: Float32Array, products: Products): Promise<Float32Array> {
  return (await products.product({ values: vector, columns: vector.length }, rotation)).values
}

/** @returns what fills f32 [rows, width] with the next vectors, of length 1 */
export function vectorGenerator(
  { rotation, centres, nearest, spread }: Mixture,
  { seed, products }: { readonly seed: number; readonly products: Products },
): (vectors: Float32Array) => Promise<void> {
  const { uniform, gaussian } = gaussianNumbers(seed)
  const width = rotation.columns
  const columns = rotation.values.length / width
  return async vectors => {
    for (let first = 0; first < vectors.length; first += rowsPerBlock * width) {
      const block = vectors.subarray(first, first + rowsPerBlock * width)
      const noise = Float32Array.from({ length: (block.length / width) * columns }, gaussian)
      block.set((await products.product({ values: noise, columns }, spread)).values)
      for (let at = 0; at < block.length; at += width) {
        const vector = block.subarray(at, at + width)
        const centre = rowOf(centres, nearest[Math.floor(uniform() * nearest.length)]!)
        for (let dimension = 0; dimension < width; dimension++) vector[dimension]! += centre[dimension]!
        toLengthOne(vector)
      }
    }
  }
}

/** k-means; an empty cluster keeps its centre. */
async function cluster(sample: Matrix, products: Products): Promise<{ centres: Matrix; nearest: Int32Array }> {
  const { columns } = sample
  let centres = spreadRows(sample, Math.min(centresMax, sample.values.length / columns))
  let nearest = await nearestCentres(sample, centres, products)
  for (let iteration = 0; iteration < iterations; iteration++) {
    const means = { values: new Float32Array(centres.values.length), columns }
    const counts = new Int32Array(centres.values.length / columns)
    for (const [row, centre] of nearest.entries()) {
      counts[centre]!++
      const mean = rowOf(means, centre)
      for (const [at, value] of rowOf(sample, row).entries()) mean[at]! += value
    }
    for (const [centre, count] of counts.entries()) {
      const mean = rowOf(means, centre)
      if (count === 0) mean.set(rowOf(centres, centre))
      else for (let at = 0; at < columns; at++) mean[at]! /= count
    }
    centres = means
    nearest = await nearestCentres(sample, centres, products)
  }
  return { centres, nearest }
}

async function nearestCentres(sample: Matrix, centres: Matrix, products: Products): Promise<Int32Array> {
  const { columns } = sample
  const count = centres.values.length / columns
  const halfSquares = Float64Array.from({ length: count }, (_, centre) => {
    const values = rowOf(centres, centre)
    return values.reduce((sum, value) => sum + value ** 2, 0) / 2
  })
  const byColumn = transpose(centres)
  const nearest = new Int32Array(sample.values.length / columns)
  for (let first = 0; first < nearest.length; first += rowsPerBlock) {
    const values = sample.values.subarray(first * columns, (first + rowsPerBlock) * columns)
    const inner = await products.product({ values, columns }, byColumn)
    for (let row = 0; row < values.length / columns; row++) {
      let best = 0
      for (let centre = 1; centre < count; centre++) {
        const nearness = inner.values[row * count + centre]! - halfSquares[centre]!
        if (nearness > inner.values[row * count + best]! - halfSquares[best]!) best = centre
      }
      nearest[first + row] = best
    }
  }
  return nearest
}

function spreadRows(matrix: Matrix, rows: number): Matrix {
  const { columns } = matrix
  const step = Math.floor(matrix.values.length / columns / rows)
  const values = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) values.set(rowOf(matrix, row * step), row * columns)
  return { values, columns }
}
