import { coreLayers, type LayerShape, type QNetArchitecture } from '../architecture.ts'
import type { QNetWeights, QuantisedMatrix, QuantisedWeights } from './weights.ts'

/**
 * Core matrices to int8, symmetric, one scale an output column: `scale = max |w| / 127`, so nothing is clipped and the
 * error of a weight is at most half its column's scale. 3.5 million weights take about 10 ms.
 */
export function quantiseWeights(architecture: QNetArchitecture, weights: QNetWeights): QuantisedWeights {
  return {
    core: coreLayers(architecture).map((shape, index) => quantiseMatrix(weights.matrices[index]!, shape)),
    biases: weights.biases,
    last: weights.matrices.at(-1)!,
  }
}

function quantiseMatrix(matrix: Float32Array, shape: LayerShape): QuantisedMatrix {
  const scales = new Float32Array(shape.out)
  for (let row = 0; row < shape.in; row++) {
    const offset = row * shape.out
    for (let column = 0; column < shape.out; column++) {
      const magnitude = Math.abs(matrix[offset + column]!)
      if (magnitude > scales[column]!) scales[column] = magnitude
    }
  }
  // A column of zeros takes any scale.
  for (let column = 0; column < shape.out; column++) scales[column] = scales[column]! / 127 || 1
  const values = new Int8Array(matrix.length)
  for (let row = 0; row < shape.in; row++) {
    const offset = row * shape.out
    for (let column = 0; column < shape.out; column++) {
      // f32 rounding of the scale can push the largest weight past 127 by one ulp; Math.round takes it back.
      values[offset + column] = Math.round(matrix[offset + column]! / scales[column]!)
    }
  }
  return { values, scales }
}

/** Back to f32, with the rounding that int8 cost. */
export function dequantiseWeights(architecture: QNetArchitecture, quantised: QuantisedWeights): QNetWeights {
  const core = coreLayers(architecture).map((shape, index) => dequantiseMatrix(quantised.core[index]!, shape))
  return { matrices: [...core, quantised.last], biases: quantised.biases }
}

function dequantiseMatrix(matrix: QuantisedMatrix, shape: LayerShape): Float32Array {
  const values = new Float32Array(matrix.values.length)
  for (let row = 0; row < shape.in; row++) {
    const offset = row * shape.out
    for (let column = 0; column < shape.out; column++) {
      values[offset + column] = matrix.values[offset + column]! * matrix.scales[column]!
    }
  }
  return values
}
