/** The q-net in plain loops and f64: the oracle that the compiled graphs are judged by. Slow on purpose. */

import type { QNetWeights } from '@hypershard/qnet'
import { coreLayers, hasResidual, type QNetArchitecture, vectorWidth } from '@hypershard/qnet'

/** @param documents f32 [rows, width] row-major; the answer is f64 [rows] */
export function naiveScores(architecture: QNetArchitecture, weights: QNetWeights, documents: Float32Array): number[] {
  const width = vectorWidth(architecture)
  return Array.from({ length: documents.length / width }, (_, row) =>
    naiveScore(architecture, weights, [...documents.subarray(row * width, (row + 1) * width)]),
  )
}

function naiveScore(architecture: QNetArchitecture, weights: QNetWeights, document: number[]): number {
  let hidden = document
  for (const [index, shape] of coreLayers(architecture).entries()) {
    const bias = weights.biases[index]!
    let value = multiply(hidden, weights.matrices[index]!, shape.out).map((sum, column) =>
      activate(architecture, sum + bias[column]!),
    )
    if (architecture.layerNorm && architecture.layerNormBeforeResidual) value = layerNorm(value)
    if (hasResidual(architecture, index)) value = value.map((term, column) => term + hidden[column]!)
    if (architecture.layerNorm && !architecture.layerNormBeforeResidual) value = layerNorm(value)
    hidden = value
  }
  return multiply(hidden, weights.matrices.at(-1)!, 1)[0]!
}

function multiply(row: number[], matrix: Float32Array, columns: number): number[] {
  return Array.from({ length: columns }, (_, column) =>
    row.reduce((sum, value, index) => sum + value * matrix[index * columns + column]!, 0),
  )
}

function activate(architecture: QNetArchitecture, value: number): number {
  switch (architecture.activation) {
    case 'relu':
      return Math.max(0, value)
    case 'tanh':
      return Math.tanh(value)
    case 'sigmoid':
      return 1 / (1 + Math.exp(-value))
    case 'gelu':
      return (value * (1 + errorFunction(value / Math.SQRT2))) / 2
    case 'leaky_relu':
      return value < 0 ? 0.01 * value : value
  }
}

function layerNorm(row: number[]): number[] {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length
  return row.map(value => (value - mean) / Math.sqrt(variance + 1e-5))
}

/** erf by its Maclaurin series; more terms than any |x| < 6 needs, and 1 beyond. */
function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}
