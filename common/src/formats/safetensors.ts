/**
 * The header of safetensors files (https://huggingface.co/docs/safetensors): tensors in one file, readable by other
 * tools.
 *
 * | bytes | content |
 * |---|---|
 * | 0..8 | N, the header's length, u64 little-endian |
 * | 8..8+N | the header: JSON, padded with spaces so that the data begins at a multiple of 8 |
 * | 8+N.. | the tensors' bytes, little-endian, row-major |
 *
 * The header maps a tensor's name to `{"dtype", "shape", "data_offsets": [begin, end]}` (offsets from the beginning of
 * the data), and `__metadata__`, if present, to an object of strings.
 */
import { z } from 'zod'
import { expectFormat, FormatError } from '../errors/format-error.ts'

const lengthBytes = 8
const alignmentBytes = 8

/** Bytes of one value, by the element types that are read and written here. */
const elementBytes = Object.freeze({ U8: 1, F16: 2, U32: 4, F32: 4 })

export interface Tensor {
  readonly dtype: keyof typeof elementBytes
  readonly shape: readonly number[]
}

/** Where a tensor's bytes lie, counted from the beginning of the data. */
export interface PlacedTensor extends Tensor {
  readonly begin: number
  readonly end: number
}

const headerSchema = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(
  z.strictObject({
    dtype: z.enum(['U8', 'F16', 'U32', 'F32']),
    shape: z.array(z.int().min(0)),
    data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
  }),
)

/** Bytes of a tensor's data. */
export function tensorBytes({ dtype, shape }: Tensor): number {
  return shape.reduce((product, dimension) => product * dimension, elementBytes[dtype])
}

/**
 * Everything before the data of a file whose tensors follow each other without gaps, in the map's order.
 * @param metadata kept in the header; nobody reads it
 * @example
 * const header = encodeSafetensorsHeader(new Map([['vectors', { dtype: 'F32', shape: [2, 3] }]]))
 * const file = Buffer.concat([header, new Uint8Array(vectors.buffer)])
 */
export function encodeSafetensorsHeader(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const described: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata }
  let end = 0
  for (const [name, { dtype, shape }] of tensors) {
    const begin = end
    end += tensorBytes({ dtype, shape })
    described[name] = { dtype, shape, data_offsets: [begin, end] }
  }
  const text = new TextEncoder().encode(JSON.stringify(described))
  const padded = Math.ceil((lengthBytes + text.length) / alignmentBytes) * alignmentBytes
  const header = new Uint8Array(padded).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(padded - lengthBytes), true)
  header.set(text, lengthBytes)
  return header
}

/**
 * Reads a file's header and checks that every tensor is as long as its shape says and lies inside the file.
 * @param prefix the file's beginning: all of it, or at least `8 + headerBytesMax` bytes
 * @param limits `fileBytes` is the length of the whole file; a longer header than `headerBytesMax` is refused unread
 * @returns the tensors by name, and where in the file the data begins
 * @throws FormatError
 */
export function decodeSafetensorsHeader(
  prefix: Uint8Array,
  { fileBytes, headerBytesMax }: { readonly fileBytes: number; readonly headerBytesMax: number },
): { readonly tensors: ReadonlyMap<string, PlacedTensor>; readonly dataStart: number } {
  expectFormat(prefix.length >= lengthBytes, 'it is too short for a safetensors header')
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true)
  expectFormat(length <= headerBytesMax, `its header says to be ${length} bytes long`)
  const dataStart = lengthBytes + Number(length)
  expectFormat(dataStart <= prefix.length, 'it ends inside its header')
  const header = checkHeader(parseHeader(prefix.subarray(lengthBytes, dataStart)))
  const tensors = new Map<string, PlacedTensor>()
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    const [begin, end] = data_offsets
    const fits = end - begin === tensorBytes({ dtype, shape })
    expectFormat(fits, `the data offsets of its tensor ${name} do not fit its shape`)
    expectFormat(dataStart + end <= fileBytes, `its tensor ${name} ends at byte ${dataStart + end} of ${fileBytes}`)
    tensors.set(name, { dtype, shape, begin, end })
  }
  return { tensors, dataStart }
}

function parseHeader(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    throw new FormatError('its header is not JSON', { cause: error })
  }
}

function checkHeader(value: unknown): Omit<z.output<typeof headerSchema>, '__metadata__'> {
  const checked = headerSchema.safeParse(value)
  if (!checked.success) {
    const problems = checked.error.issues.map(issue => `${issue.path.join('.') || 'its header'}: ${issue.message}`)
    throw new FormatError(problems.join('; '))
  }
  const { __metadata__: _, ...described } = checked.data
  return described
}
