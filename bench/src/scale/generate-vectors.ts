/**
 * Vectors as many as one likes, much like real ones: a mixture of Gaussians of one covariance, fitted to them by k-means, then
 * turned into a wider space. Turning changes no inner product.
 */
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

export interface VectorGenerator {
  /** f32 [rows, width], of length 1, into `vectors`. */
  fill(vectors: Float32Array): Promise<void>
  /** A vector of the real space in the wide one. */
  widen(vector: Float32Array): Promise<Float32Array>
}

/** @param width at least the real vectors' */
export async function fitGenerator(
  real: Matrix,
  { width, products }: { readonly width: number; readonly products: Products },
): Promise<VectorGenerator> {
  const { uniform, gaussian } = gaussianNumbers(1)
  const rows = Math.min(fittedRowsMax, real.values.length / real.columns)
  const sample = spreadRows(real, rows)
  const { centres, nearest } = await cluster(sample, products)
  const rotation = randomRotation(real.columns, width, gaussian)
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
  // A row of noise z is z F' R.
  const spread = await products.product(transpose(choleskyFactor(covariance)), rotation)
  const wideCentres = await products.product(centres, rotation)
  return {
    async fill(vectors) {
      for (let first = 0; first < vectors.length; first += rowsPerBlock * width) {
        const block = vectors.subarray(first, first + rowsPerBlock * width)
        const noise = Float32Array.from({ length: (block.length / width) * real.columns }, gaussian)
        block.set((await products.product({ values: noise, columns: real.columns }, spread)).values)
        for (let at = 0; at < block.length; at += width) {
          const vector = block.subarray(at, at + width)
          // The centre of a random real vector: centres have their vectors' share.
          const centre = rowOf(wideCentres, nearest[Math.floor(uniform() * rows)]!)
          for (let dimension = 0; dimension < width; dimension++) vector[dimension]! += centre[dimension]!
          toLengthOne(vector)
        }
      }
    },
    widen: async vector => (await products.product({ values: vector, columns: real.columns }, rotation)).values,
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
