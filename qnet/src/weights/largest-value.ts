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
