import { z } from 'zod'

/** A tensor of a safetensors file, widened to f32. */
export interface NamedTensor {
  readonly shape: readonly number[]
  /** Row-major. */
  readonly data: Float32Array
}

/** The format's own limit on its JSON header. */
const headerBytesMax = 100_000_000

const tensorSchema = z.strictObject({
  dtype: z.enum(['F32', 'F16']),
  shape: z.array(z.number().int().min(0)),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
})

const bytesPerValue = { F32: 4, F16: 2 } as const

/**
 * Reads a whole safetensors file: the header's length as u64 little-endian, the header (JSON: name to type, shape and
 * place), then the tensors, little-endian and row-major. f32 and f16 tensors are read, others refused.
 * @throws Error saying what is wrong; the caller knows the file's name
 */
export function readSafetensors(file: Uint8Array): Map<string, NamedTensor> {
  const { header, start } = readHeader(file)
  const tensors = new Map<string, NamedTensor>()
  for (const [name, description] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const parsed = tensorSchema.safeParse(description)
    if (!parsed.success) throw new Error(`tensor ${name} is not f32 or f16 with shape and data_offsets`)
    tensors.set(name, readTensor(file.subarray(start), name, parsed.data))
  }
  return tensors
}

function readHeader(file: Uint8Array): { header: object; start: number } {
  if (file.byteLength < 8) throw new Error('it is too short for a safetensors file')
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  if (length > headerBytesMax || 8 + length > file.byteLength) throw new Error('its header is longer than the file')
  const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + length)))
  if (typeof header !== 'object' || header === null) throw new Error('its header is not a JSON object')
  return { header, start: 8 + length }
}

function readTensor(tensors: Uint8Array, name: string, description: z.output<typeof tensorSchema>): NamedTensor {
  const { dtype, shape, data_offsets } = description
  const [begin, end] = data_offsets
  const values = shape.reduce((product, size) => product * size, 1)
  if (end > tensors.byteLength || end - begin !== values * bytesPerValue[dtype]) {
    throw new Error(`tensor ${name} does not lie at bytes ${begin} to ${end}`)
  }
  // A copy, since a view needs its bytes aligned and the header has any length.
  const bytes = Uint8Array.from(tensors.subarray(begin, end))
  const data = dtype === 'F32' ? new Float32Array(bytes.buffer) : Float32Array.from(new Float16Array(bytes.buffer))
  return { shape, data }
}

/** Writes f32 tensors as a safetensors file; `readSafetensors` gives them back. */
export function writeSafetensors(tensors: ReadonlyMap<string, NamedTensor>): Uint8Array {
  let offset = 0
  const header: Record<string, unknown> = {}
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const json = JSON.stringify(header)
  // Spaces up to a multiple of 8 keep the tensors aligned for readers that map the file.
  const headerBytes = Buffer.from(json.padEnd(8 * Math.ceil(json.length / 8)), 'utf8')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(headerBytes.byteLength))
  const parts = [...tensors.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return Buffer.concat([length, headerBytes, ...parts])
}
