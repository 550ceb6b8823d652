/**
 * The bytes of q-net weights on the wire, little-endian, layer by layer; docs/formats/qnet-weights.md is the long form.
 *
 *   f32, f16   for each core layer: matrix [in, out] row-major, then bias [out]; then the last matrix [width, 1]
 *   int8       for each core layer: scales f32 [out], matrix int8 [in, out] row-major, zero bytes up to a multiple
 *              of 4, bias f32 [out]; then the last matrix f32 [width, 1]
 *
 * The sizes follow from the architecture, so there is no header: bytes of another length are refused.
 */
import { createHash } from 'node:crypto'
import { HypershardError } from '@hypershard/common'
import { type QNet, WeightsPrecision } from '@hypershard/proto/qnet'
import {
  architectureKey,
  architectureToProto,
  coreLayers,
  layerShapes,
  parameterCount,
  type QNetArchitecture,
} from '../architecture.ts'
import { dequantiseWeights, quantiseWeights } from './quantise-weights.ts'
import { checkWeights, type QNetWeights, type QuantisedMatrix, type QuantisedWeights } from './weights.ts'

export const weightsPrecisions = Object.freeze(['f32', 'f16', 'int8'] as const)
export type Precision = (typeof weightsPrecisions)[number]

const protoPrecisions: Readonly<Record<Precision, WeightsPrecision>> = {
  f32: WeightsPrecision.WEIGHTS_PRECISION_F32,
  f16: WeightsPrecision.WEIGHTS_PRECISION_F16,
  int8: WeightsPrecision.WEIGHTS_PRECISION_INT8,
}

/** The largest finite f16. */
const float16Max = 65504

/** How many bytes q-net weights of this architecture take. */
export function weightsBytes(architecture: QNetArchitecture, precision: Precision): number {
  if (precision === 'f32') return 4 * parameterCount(architecture)
  if (precision === 'f16') return 2 * parameterCount(architecture)
  const last = 4 * layerShapes(architecture).at(-1)!.in
  return coreLayers(architecture).reduce((sum, { in: rows, out }) => sum + 8 * out + roundUpTo4(rows * out), last)
}

/**
 * @param bytes written into where they are given; they begin their buffer and have the length of `weightsBytes`
 * @throws HypershardError `invalid_request` for weights that do not fit the architecture, are not finite, or overflow f16
 * @example
 * ```ts
 * const bytes = encodeWeights(architecture, weights, 'f16')
 * const rounded = decodeWeights(architecture, bytes, 'f16')
 * ```
 */
export function encodeWeights<Buffer extends ArrayBufferLike = ArrayBuffer>(
  architecture: QNetArchitecture,
  weights: QNetWeights,
  precision: Precision,
  bytes = new Uint8Array(weightsBytes(architecture, precision)) as Uint8Array<Buffer>,
): Uint8Array<Buffer> {
  checkWeights(architecture, weights)
  checkLength(architecture, bytes, precision)
  if (precision === 'int8') writeQuantised(quantiseWeights(architecture, weights), bytes)
  else writeFloats(weights, bytes, precision)
  return bytes
}

/** @throws HypershardError `invalid_request` for bytes of another length and for values that are not finite */
export function decodeWeights(architecture: QNetArchitecture, bytes: Uint8Array, precision: Precision): QNetWeights {
  const weights = readWeights(architecture, bytes, precision)
  checkWeights(architecture, weights)
  return weights
}

/**
 * As `decodeWeights`, but values are not checked: the caller does that elsewhere. f32 tensors are views of the bytes,
 * not copies.
 * @throws HypershardError `invalid_request` for bytes of another length
 */
export function readWeights(architecture: QNetArchitecture, bytes: Uint8Array, precision: Precision): QNetWeights {
  if (precision === 'int8') return dequantiseWeights(architecture, readQuantisedWeights(architecture, bytes))
  checkLength(architecture, bytes, precision)
  const reader = new TensorReader(bytes)
  const read = (values: number) => (precision === 'f32' ? reader.f32(values) : reader.f16(values))
  const matrices: Float32Array[] = []
  const biases: Float32Array[] = []
  for (const shape of coreLayers(architecture)) {
    matrices.push(read(shape.in * shape.out))
    biases.push(read(shape.out))
  }
  matrices.push(read(layerShapes(architecture).at(-1)!.in))
  return { matrices, biases }
}

/** The int8 form without going through f32. Same errors as `decodeWeights`. */
export function decodeQuantisedWeights(architecture: QNetArchitecture, bytes: Uint8Array): QuantisedWeights {
  const quantised = readQuantisedWeights(architecture, bytes)
  checkWeights(architecture, dequantiseWeights(architecture, quantised))
  return quantised
}

function readQuantisedWeights(architecture: QNetArchitecture, bytes: Uint8Array): QuantisedWeights {
  checkLength(architecture, bytes, 'int8')
  const reader = new TensorReader(bytes)
  const core: QuantisedMatrix[] = []
  const biases: Float32Array[] = []
  for (const shape of coreLayers(architecture)) {
    const scales = reader.f32(shape.out)
    core.push({ scales, values: reader.int8(shape.in * shape.out) })
    biases.push(reader.f32(shape.out))
  }
  return { core, biases, last: reader.f32(layerShapes(architecture).at(-1)!.in) }
}

/** The content address of a q-net: SHA-256 (hex) over its architecture, precision and bytes. */
export function qnetDigest(architecture: QNetArchitecture, precision: Precision, bytes: Uint8Array): string {
  return createHash('sha256')
    .update(`${architectureKey(architecture)}\n${precision}\n`)
    .update(bytes)
    .digest('hex')
}

/** A q-net as the wire carries it. */
export function qnetToProto(
  architecture: QNetArchitecture,
  weights: QNetWeights,
  options: { precision: Precision; modelDigest: string },
): QNet {
  const bytes = encodeWeights(architecture, weights, options.precision)
  return {
    digest: qnetDigest(architecture, options.precision, bytes),
    modelDigest: options.modelDigest,
    architecture: architectureToProto(architecture),
    precision: protoPrecisions[options.precision],
    weights: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  }
}

/** @throws HypershardError `invalid_request` */
export function precisionFromProto(value: WeightsPrecision): Precision {
  const precision = weightsPrecisions.find(name => protoPrecisions[name] === value)
  if (precision === undefined) throw new HypershardError('invalid_request', `q-net: no weights precision ${value}`)
  return precision
}

function checkLength(architecture: QNetArchitecture, bytes: Uint8Array, precision: Precision): void {
  const expected = weightsBytes(architecture, precision)
  if (bytes.byteLength === expected) return
  const message = `q-net: ${bytes.byteLength} bytes of ${precision} weights where ${expected} belong`
  throw new HypershardError('invalid_request', message)
}

function writeFloats(weights: QNetWeights, bytes: Uint8Array, precision: 'f32' | 'f16'): void {
  const target = precision === 'f32' ? new Float32Array(bytes.buffer) : new Float16Array(bytes.buffer)
  let offset = 0
  for (const [index, matrix] of weights.matrices.entries()) {
    for (const tensor of [matrix, weights.biases[index]]) {
      if (tensor === undefined) continue
      if (precision === 'f16') checkFitsFloat16(tensor)
      target.set(tensor, offset)
      offset += tensor.length
    }
  }
}

function checkFitsFloat16(tensor: Float32Array): void {
  if (tensor.some(value => Math.abs(value) > float16Max)) {
    throw new HypershardError('invalid_request', `q-net: a weight above ${float16Max} does not fit f16; send f32`)
  }
}

function writeQuantised(quantised: QuantisedWeights, bytes: Uint8Array): void {
  let offset = 0
  const write = (tensor: Float32Array | Int8Array) => {
    bytes.set(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength), offset)
    offset = roundUpTo4(offset + tensor.byteLength)
  }
  for (const [index, matrix] of quantised.core.entries()) {
    write(matrix.scales)
    write(matrix.values)
    write(quantised.biases[index]!)
  }
  write(quantised.last)
}

/** Reads tensors one after the other; copies only where the bytes are not aligned for a view. */
class TensorReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes)
  }

  f32(values: number): Float32Array {
    return new Float32Array(this.#bytes.buffer, this.#take(4 * values), values)
  }

  f16(values: number): Float32Array {
    return Float32Array.from(new Float16Array(this.#bytes.buffer, this.#take(2 * values), values))
  }

  int8(values: number): Int8Array {
    const tensor = new Int8Array(this.#bytes.buffer, this.#take(values), values)
    this.#offset = roundUpTo4(this.#offset)
    return tensor
  }

  #take(byteCount: number): number {
    const at = this.#bytes.byteOffset + this.#offset
    this.#offset += byteCount
    return at
  }
}

function roundUpTo4(bytes: number): number {
  return (bytes + 3) & ~3
}
