import { coreLayers, hasResidual, layerShapes, type QNetArchitecture } from '../architecture.ts'
import type { QNetWeights } from './weights.ts'

/**
 * A bound on the magnitude of every value between a document and its score, partial sums and the squares of layer norms
 * too. Below the largest f32 nothing can become infinite or no number, on whatever device: shaders may take it that there is
 * neither.
 * @param largest magnitude of the values of document vectors
 */
export function largestValue(architecture: QNetArchitecture, weights: QNetWeights, largest: number): number {
  const { activation, layerNorm, layerNormBeforeResidual } = architecture
  const squashed = activation === 'tanh' || activation === 'sigmoid'
  let hidden = largest
  let most = largest
  const note = (value: number) => {
    most = Math.max(most, value)
    return value
  }
  for (const [index, shape] of coreLayers(architecture).entries()) {
    const linear = note(shape.in * hidden * magnitudeOf(weights.matrices[index]!) + magnitudeOf(weights.biases[index]!))
    // A norm sums squares of what lies at most twice as far from the mean as from zero, and gives at most √width.
    const norm = (value: number) => {
      note(shape.out * (2 * value) ** 2)
      return Math.sqrt(shape.out)
    }
    const active = squashed ? 1 : linear
    const added = hasResidual(architecture, index) ? hidden : 0
    if (!layerNorm) hidden = note(active + added)
    else hidden = layerNormBeforeResidual ? note(norm(active) + added) : norm(active + added)
  }
  const last = layerShapes(architecture).at(-1)!
  note(last.in * hidden * magnitudeOf(weights.matrices.at(-1)!))
  return most
}

/** Values up to this leave f32 room for `leftOutScore` below every score. */
export const largestValueMax = 1e37

/**
 * A bound on the magnitude of every value that `compileRanking` has in f16: documents, weights, and what products read and
 * give, partial sums too. It goes by Euclidean norms, |W x| <= |W| |x|, which six layers of f16 have room for where the sums
 * of largest values that `largestValue` goes by would not fit.
 */
export function largestHalf(architecture: QNetArchitecture, weights: QNetWeights, largest: number): number {
  const { activation, layerNorm, layerNormBeforeResidual } = architecture
  const squashed = activation === 'tanh' || activation === 'sigmoid'
  let most = largest
  let norm = largest * Math.sqrt(architecture.vectorDimensions[0]!)
  for (const [index, shape] of coreLayers(architecture).entries()) {
    const column = largestColumnNorm(weights.matrices[index]!, shape.out)
    const linear = norm * column + magnitudeOf(weights.biases[index]!)
    most = Math.max(most, norm, column, linear)
    const normalised = Math.sqrt(shape.out)
    const active = normalised * (squashed ? 1 : linear)
    const added = hasResidual(architecture, index) ? norm : 0
    if (!layerNorm) norm = active + added
    else norm = layerNormBeforeResidual ? normalised + added : normalised
  }
  return most
}

/** Values up to this stay finite in f16, whose largest is 65,504, however products round. */
export const largestHalfMax = 32_000

/** @param matrix row-major [in, out] */
function largestColumnNorm(matrix: Float32Array, out: number): number {
  const squares = new Float64Array(out)
  for (let at = 0; at < matrix.length; at += out) {
    for (let column = 0; column < out; column++) squares[column]! += matrix[at + column]! ** 2
  }
  return Math.sqrt(squares.reduce((most, sum) => Math.max(most, sum), 0))
}

/** The largest magnitude among values; NaN where one is no number. */
export function magnitudeOf(values: Float32Array): number {
  let largest = 0
  for (let at = 0; at < values.length; at++) {
    const magnitude = Math.abs(values[at]!)
    // Not `magnitude > largest` alone: NaN is neither more nor less.
    if (!(magnitude <= largest)) largest = magnitude
    if (Number.isNaN(largest)) return Number.NaN
  }
  return largest
}
