/** The header of safetensors files with one tensor, which is how vectors, tombstones and samples are stored. */
import {
  decodeSafetensorsHeader,
  encodeSafetensorsHeader,
  expectFormat,
  type Tensor,
  tensorBytes,
} from '@hypershard/common'

/** Ours are under 200 bytes; a longer header is refused before it is read. */
export const headerBytesMax = 64 * 1024

/** Data begins at a multiple of it, so that files can be mapped. */
const alignmentBytes = 8

/** What such a file holds. */
export type NamedTensor = Tensor & { readonly name: string }

/**
 * Everything before the data of a file with one tensor.
 * @param metadata kept in the header; nobody reads it
 */
export function encodeTensorHeader(
  { name, ...tensor }: NamedTensor,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  return encodeSafetensorsHeader(new Map([[name, tensor]]), metadata)
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
  expected: NamedTensor,
): { readonly dataStart: number } {
  const { tensors, dataStart } = decodeSafetensorsHeader(prefix, { fileBytes, headerBytesMax })
  expectFormat(dataStart % alignmentBytes === 0, 'its data is not aligned to 8 bytes')
  const tensor = tensors.get(expected.name)
  expectFormat(tensor !== undefined && tensors.size === 1, `its tensor is not only ${expected.name}`)
  expectFormat(tensor.dtype === expected.dtype, `its dtype is ${tensor.dtype} where ${expected.dtype} should be`)
  const shapes = { found: tensor.shape.join(' x '), expected: expected.shape.join(' x ') }
  expectFormat(shapes.found === shapes.expected, `its shape is ${shapes.found} where ${shapes.expected} should be`)
  expectFormat(tensor.begin === 0, 'its data offsets leave a gap')
  expectFormat(dataStart + tensorBytes(expected) === fileBytes, 'its length does not fit its header')
  return { dataStart }
}
