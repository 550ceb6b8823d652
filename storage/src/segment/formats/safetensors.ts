/**
 * safetensors (https://huggingface.co/docs/safetensors): tensors in one file, readable by other tools.
 *
 * | bytes | content |
 * |---|---|
 * | 0..8 | N, the header's length, u64 little-endian |
 * | 8..8+N | the header: JSON, padded with spaces so that the data begins at a multiple of 8 |
 * | 8+N.. | the tensors' bytes, little-endian, row-major, without gaps |
 *
 * The header maps a tensor's name to `{"dtype", "shape", "data_offsets": [begin, end]}` (offsets from the beginning of
 * the data), and `__metadata__`, if present, to an object of strings.
 */
import { z } from 'zod'
import { expectFormat } from '../../corrupt-data.ts'
import { checkShape, parseJson } from '../../sealed-json.ts'

/** Ours are under 200 bytes; a longer header is refused before it is read. */
export const headerBytesMax = 64 * 1024

const lengthBytes = 8
const alignmentBytes = 8

const elementBytes = Object.freeze({ U8: 1, F32: 4 })

export type Dtype = keyof typeof elementBytes

export interface Tensor {
  readonly dtype: Dtype
  readonly shape: readonly number[]
}

const headerSchema = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(
  z.strictObject({
    dtype: z.enum(['U8', 'F32']),
    shape: z.array(z.int().min(0)),
    data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
  }),
)

/** Bytes of a tensor's data. */
export function tensorBytes({ dtype, shape }: Tensor): number {
  return shape.reduce((product, dimension) => product * dimension, elementBytes[dtype])
}

/**
 * Everything before the data of a file with one tensor.
 * @param metadata kept in the header; nobody reads it
 */
export function encodeTensorHeader(
  name: string,
  tensor: Tensor,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const { dtype, shape } = tensor
  const about = metadata === undefined ? {} : { __metadata__: metadata }
  const json = JSON.stringify({ ...about, [name]: { dtype, shape, data_offsets: [0, tensorBytes(tensor)] } })
  const text = new TextEncoder().encode(json)
  const unpadded = lengthBytes + text.length
  const padded = Math.ceil(unpadded / alignmentBytes) * alignmentBytes
  const header = new Uint8Array(padded).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(padded - lengthBytes), true)
  header.set(text, lengthBytes)
  return header
}

/**
 * Reads the header of a file that holds exactly one tensor, the expected one.
 * @param prefix the file's beginning: all of it, or at least `8 + headerBytesMax` bytes
 * @param fileBytes the length of the whole file
 * @returns where the data begins
 * @throws FormatError
 */
export function checkTensorHeader(
  prefix: Uint8Array,
  fileBytes: number,
  expected: Tensor & { readonly name: string },
): { dataStart: number } {
  expectFormat(prefix.length >= lengthBytes, 'it is too short for a safetensors header')
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true)
  expectFormat(length <= headerBytesMax, `its header says to be ${length} bytes long`)
  const dataStart = lengthBytes + Number(length)
  expectFormat(dataStart <= prefix.length, 'it ends inside its header')
  expectFormat(dataStart % alignmentBytes === 0, 'its data is not aligned to 8 bytes')
  const { __metadata__: _, ...tensors } = checkShape(headerSchema, parseJson(prefix.subarray(lengthBytes, dataStart)))
  const tensor = Object.hasOwn(tensors, expected.name) ? tensors[expected.name] : undefined
  expectFormat(tensor !== undefined && Object.keys(tensors).length === 1, `its tensor is not only ${expected.name}`)
  expectFormat(tensor.dtype === expected.dtype, `its dtype is ${tensor.dtype} where ${expected.dtype} should be`)
  const shapes = { found: tensor.shape.join(' x '), expected: expected.shape.join(' x ') }
  expectFormat(shapes.found === shapes.expected, `its shape is ${shapes.found} where ${shapes.expected} should be`)
  const [begin, end] = tensor.data_offsets
  expectFormat(begin === 0 && end === tensorBytes(expected), 'its data offsets do not fit its shape')
  expectFormat(dataStart + end === fileBytes, 'its length does not fit its header')
  return { dataStart }
}
