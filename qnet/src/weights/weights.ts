import { HypershardError } from '@hypershard/common'
import { coreLayers, layerShapes, type QNetArchitecture } from '../architecture.ts'

/** One query's parameters. Matrix i is row-major [in, out]; bias i, of core layers only, is [out]. */
export interface QNetWeights {
  readonly matrices: readonly Float32Array[]
  readonly biases: readonly Float32Array[]
}

/** The same with the core layers' matrices in int8: `w[r, c] ~ quantised[r, c] * scales[c]`. */
export interface QuantisedWeights {
  readonly core: readonly QuantisedMatrix[]
  readonly biases: readonly Float32Array[]
  /** The last matrix stays f32: [width, 1]. */
  readonly last: Float32Array
}

export interface QuantisedMatrix {
  /** Row-major [in, out], -127 to 127. */
  readonly values: Int8Array
  /** One an output column. */
  readonly scales: Float32Array
}

/** @throws HypershardError `invalid_request` when a tensor has another size or a value that is not finite */
export function checkWeights(architecture: QNetArchitecture, weights: QNetWeights): void {
  const shapes = layerShapes(architecture)
  const core = coreLayers(architecture)
  expectSizes(
    'matrix',
    weights.matrices,
    shapes.map(shape => shape.in * shape.out),
  )
  expectSizes(
    'bias',
    weights.biases,
    core.map(shape => shape.out),
  )
}

function expectSizes(what: string, tensors: readonly Float32Array[], sizes: readonly number[]): void {
  if (tensors.length !== sizes.length) {
    throw new HypershardError(
      'invalid_request',
      `q-net: ${tensors.length} ${what} tensors where ${sizes.length} belong`,
    )
  }
  for (const [index, size] of sizes.entries()) {
    const tensor = tensors[index]!
    if (tensor.length !== size) {
      throw new HypershardError('invalid_request', `q-net: ${what} ${index} has ${tensor.length} values, not ${size}`)
    }
    if (!allFinite(tensor)) {
      throw new HypershardError('invalid_request', `q-net: ${what} ${index} has a NaN or infinite value`)
    }
  }
}

const valuesPerPiece = 1_024

/** In pieces: V8 inlines one long loop into its caller before it has optimised it, and then takes five times as long. */
export function allFinite(values: Float32Array): boolean {
  for (let at = 0; at < values.length; at += valuesPerPiece) {
    if (!pieceIsFinite(values, at, Math.min(at + valuesPerPiece, values.length))) return false
  }
  return true
}

/** The sum of finite values times zero is zero; one NaN or infinity makes it NaN. One pass, no branches. */
function pieceIsFinite(values: Float32Array, from: number, to: number): boolean {
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i]! * 0
  return sum === 0
}
