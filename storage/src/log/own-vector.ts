/**
 * A vector that came with its document, as a part of the write log has it: `[model digest, "f32" or "f16", base64]`, the
 * values little-endian. f16 is kept as it came: half the log.
 */
import { expectFormat, type FloatValues, floatBytes, floatValues } from '@hypershard/common'
import { z } from 'zod'
import { sha256Hex } from '../sealed-json.ts'

export interface OwnVector {
  /** The digest of the model that made it, or of what stands for one. */
  readonly model: string
  /** All finite. */
  readonly values: FloatValues
}

export const ownVectorSchema = z.tuple([sha256Hex, z.enum(['f32', 'f16']), z.string()])

export function ownVectorColumn({ model, values }: OwnVector): z.output<typeof ownVectorSchema> {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return [model, values instanceof Float16Array ? 'f16' : 'f32', bytes.toString('base64')]
}

/** @throws FormatError */
export function decodeOwnVector([model, precision, text]: z.output<typeof ownVectorSchema>): OwnVector {
  const bytes = Buffer.from(text, 'base64')
  const whole = bytes.length > 0 && bytes.length % floatBytes[precision] === 0
  expectFormat(whole, `a vector of ${precision} has ${bytes.length} bytes`)
  return { model, values: floatValues(bytes, precision) }
}
