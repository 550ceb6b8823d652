/**
 * A vector that came with its document, as a part of the write log has it: `[model digest, "f32" or "f16", base64]`, the
 * values little-endian. f16 is kept as it came: half the log.
 */
import { expectFormat } from '@hypershard/common'
import { z } from 'zod'
import { sha256Hex } from '../sealed-json.ts'

export interface OwnVector {
  /** The digest of the model that made it, or of what stands for one. */
  readonly model: string
  /** All finite. */
  readonly values: Float32Array | Float16Array
}

export const ownVectorSchema = z.tuple([sha256Hex, z.enum(['f32', 'f16']), z.string()])

export function ownVectorColumn({ model, values }: OwnVector): z.output<typeof ownVectorSchema> {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return [model, values instanceof Float16Array ? 'f16' : 'f32', bytes.toString('base64')]
}

/** @throws FormatError */
export function decodeOwnVector([model, precision, text]: z.output<typeof ownVectorSchema>): OwnVector {
  // A copy of its own begins where the widest number may.
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  const size = precision === 'f32' ? Float32Array.BYTES_PER_ELEMENT : Float16Array.BYTES_PER_ELEMENT
  expectFormat(bytes.length > 0 && bytes.length % size === 0, `a vector of ${precision} has ${bytes.length} bytes`)
  const values = precision === 'f32' ? new Float32Array(bytes.buffer) : new Float16Array(bytes.buffer)
  return { model, values }
}
