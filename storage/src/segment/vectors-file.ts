/**
 * `vectors.safetensors`: one F32 tensor `vectors` of shape [vectors, vectorWidth]: one vector a row, in row order, or, where
 * texts are cut into passages, one a passage, in the order of `passages.arrow`.
 * Numbers are little-endian, in the file as in memory; every platform that Node 24 and onnxruntime run on is.
 */

import { tensorBytes } from '@hypershard/common'
import type { ObjectStore } from '../store/object-store.ts'
import { checkTensorHeader, encodeTensorHeader } from './formats/tensor-header.ts'
import { corruptFile, decodeFile, openSealedFile, readSealedFile, type SealedFile } from './verified-file.ts'

export interface VectorsShape {
  /** Vectors. */
  readonly rows: number
  readonly vectorWidth: number
}

const tensorOf = ({ rows, vectorWidth }: VectorsShape) =>
  ({ name: 'vectors', dtype: 'F32', shape: [rows, vectorWidth] }) as const

/** Everything before the vectors themselves. */
export function encodeVectorsHeader(shape: VectorsShape): Uint8Array {
  const tensor = tensorOf(shape)
  return encodeTensorHeader(tensor)
}

/** The row of the first NaN or infinite value of row-major vectors; undefined when there is none. */
export function firstNonFiniteRow(values: Float32Array, vectorWidth: number): number | undefined {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) return Math.floor(index / vectorWidth)
  }
  return undefined
}

/**
 * Reads all vectors, row-major [rows, vectorWidth], into a buffer of their own.
 * @param allocate makes the buffer, of this many bytes
 * @throws HypershardError `corrupt_data`, also when a value is not finite
 */
export async function readVectors<Memory extends ArrayBufferLike>(
  store: ObjectStore,
  file: SealedFile,
  shape: VectorsShape,
  allocate: (bytes: number) => Memory,
): Promise<Float32Array<Memory>> {
  let vectors: Float32Array<Memory> | undefined
  let filledBytes = 0
  for await (const data of readVectorBytes(store, file, shape)) {
    vectors ??= new Float32Array(allocate(tensorBytes(tensorOf(shape))))
    new Uint8Array(vectors.buffer).set(data, filledBytes)
    filledBytes += data.length
  }
  return vectors!
}

/**
 * Streams the vectors as they lie in the file, without the header; each part ends with a whole number. What was read may be
 * used only once the stream has ended.
 * @throws HypershardError `corrupt_data` at the end, also when a value is not finite
 */
export async function* readVectorBytes(
  store: ObjectStore,
  file: SealedFile,
  shape: VectorsShape,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let readBytes: number | undefined
  let badRow: number | undefined
  for await (const chunk of readSealedFile(store, file)) {
    const data: Uint8Array<ArrayBuffer> = readBytes === undefined ? withoutHeader(file, chunk, shape) : chunk
    readBytes ??= 0
    badRow ??= nonFiniteRowOf(data, readBytes, shape.vectorWidth)
    readBytes += data.length
    yield data
  }
  if (badRow !== undefined) throw corruptFile(file, `has a value that is not finite in row ${badRow}`)
}

/** @param offset of the bytes among those of all vectors */
function nonFiniteRowOf(bytes: Uint8Array, offset: number, vectorWidth: number): number | undefined {
  const index = firstNonFiniteRow(new Float32Array(bytes.slice().buffer), 1)
  if (index === undefined) return undefined
  return Math.floor((offset / Float32Array.BYTES_PER_ELEMENT + index) / vectorWidth)
}

/** Rows that follow each other, [to - from, vectorWidth]: the header's length follows from the shape, so that is all that is read. */
export async function readVectorRows(
  store: ObjectStore,
  file: SealedFile,
  shape: VectorsShape,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Float32Array<ArrayBuffer>> {
  const range = await openSealedFile(store, file)
  try {
    const rowBytes = shape.vectorWidth * Float32Array.BYTES_PER_ELEMENT
    const bytes = await range.read(encodeVectorsHeader(shape).length + from * rowBytes, (to - from) * rowBytes)
    return new Float32Array(bytes.buffer)
  } finally {
    await range.close()
  }
}

function withoutHeader(file: SealedFile, firstChunk: Uint8Array<ArrayBuffer>, shape: VectorsShape) {
  const check = () => checkTensorHeader(firstChunk, file.seal.bytes, tensorOf(shape))
  return firstChunk.subarray(decodeFile(file, check).dataStart)
}
