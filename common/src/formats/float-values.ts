/** Numbers of 32 or 16 bits as they stand in bytes: little-endian, in a file or a message as in memory. */

export type FloatPrecision = 'f32' | 'f16'

/** Values as they came: f16 is kept so. */
export type FloatValues = Float32Array<ArrayBuffer> | Float16Array<ArrayBuffer>

export const floatBytes: Readonly<Record<FloatPrecision, number>> = Object.freeze({ f32: 4, f16: 2 })

/**
 * The values of bytes, which are copied: whoever gave them may use them again.
 * @param bytes a whole number of values
 */
export function floatValues(bytes: Uint8Array, precision: FloatPrecision): FloatValues {
  // A copy of its own begins where the widest number may.
  const own = new Uint8Array(bytes).buffer
  return precision === 'f32' ? new Float32Array(own) : new Float16Array(own)
}

/** Without copying the bytes first. */
export function encodeBase64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** Undefined where a character is not of base64, or the last ones are missing: the decoder would leave them out. */
export function decodeBase64(text: string): Buffer | undefined {
  const characters = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
  if (text.length % 4 !== 0 || characters === 0) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === Math.floor((characters * 3) / 4) ? bytes : undefined
}
