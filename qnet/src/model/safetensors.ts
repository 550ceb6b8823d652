/** The parameters of a model, as safetensors files. */
import { decodeSafetensorsHeader, encodeSafetensorsHeader, FormatError, type PlacedTensor } from '@hypershard/common'

/** A tensor of a safetensors file, widened to f32. */
export interface NamedTensor {
  readonly shape: readonly number[]
  /** Row-major. */
  readonly data: Float32Array
}

/** The format's own limit on its JSON header. */
const headerBytesMax = 100_000_000

/**
 * Reads a whole safetensors file. f32 and f16 tensors are read, others refused.
 * @throws FormatError saying what is wrong; the caller knows the file's name
 * @example
 * const { shape, data } = readSafetensors(await readFile('hyper-head.safetensors')).get('matrices.0.base')!
 */
export function readSafetensors(file: Uint8Array): Map<string, NamedTensor> {
  const { tensors, dataStart } = decodeSafetensorsHeader(file, { fileBytes: file.byteLength, headerBytesMax })
  const data = file.subarray(dataStart)
  return new Map([...tensors].map(([name, tensor]) => [name, readTensor(data, name, tensor)]))
}

function readTensor(tensors: Uint8Array, name: string, { dtype, shape, begin, end }: PlacedTensor): NamedTensor {
  // A copy, since a view needs its bytes aligned and a tensor may begin anywhere.
  const { buffer } = Uint8Array.from(tensors.subarray(begin, end))
  if (dtype === 'F32') return { shape, data: new Float32Array(buffer) }
  if (dtype === 'F16') return { shape, data: Float32Array.from(new Float16Array(buffer)) }
  throw new FormatError(`its tensor ${name} is of ${dtype}, not of f32 or f16`)
}

/** Writes f32 tensors as a safetensors file; `readSafetensors` gives them back. */
export function writeSafetensors(tensors: ReadonlyMap<string, NamedTensor>): Uint8Array {
  const described = new Map([...tensors].map(([name, { shape }]) => [name, { dtype: 'F32' as const, shape }]))
  const parts = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return Buffer.concat([encodeSafetensorsHeader(described), ...parts])
}
