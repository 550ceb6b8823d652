import { isExactNumber } from '@hypershard/common'

/** Values as they came: f16 is kept so. */
export type ReadVector = Float32Array<ArrayBuffer> | Float16Array<ArrayBuffer>

/**
 * A vector as clients give one: numbers; or f32 or f16, little-endian, as bytes or as their base64. Which of them it is, the
 * length tells.
 * @param width that it must have
 */
export function readVector(
  given: unknown,
  width: number,
): { readonly values: ReadVector } | { readonly fault: string } {
  const read = Array.isArray(given) ? valuesOfNumbers(given, width) : valuesOfBytes(given, width)
  if ('fault' in read) return read
  const bad = read.values.findIndex(value => !Number.isFinite(value))
  return bad < 0 ? read : { fault: `value ${bad} is NaN, infinite, or beyond 32 bits` }
}

function valuesOfNumbers(numbers: readonly unknown[], width: number): ReturnType<typeof readVector> {
  if (numbers.length !== width) return { fault: `it has ${numbers.length} values, the index takes ${width}` }
  const values = new Float32Array(width)
  for (const [at, value] of numbers.entries()) {
    const number = isExactNumber(value) ? Number(value.rawJSON) : value
    if (typeof number !== 'number') return { fault: `value ${at} is no number` }
    values[at] = number
  }
  return { values }
}

function valuesOfBytes(given: unknown, width: number): ReturnType<typeof readVector> {
  const bytes = typeof given === 'string' ? decodeBase64(given) : given instanceof Uint8Array ? given : undefined
  if (bytes === undefined) {
    return { fault: typeof given === 'string' ? 'not base64' : 'must be an array of numbers, or base64 of f32 or f16' }
  }
  // A copy of its own begins where the widest number may.
  if (bytes.length === 4 * width) return { values: new Float32Array(Uint8Array.from(bytes).buffer) }
  if (bytes.length === 2 * width) return { values: new Float16Array(Uint8Array.from(bytes).buffer) }
  const wanted = `the index takes ${width} values: ${4 * width} bytes of f32 or ${2 * width} of f16`
  return { fault: `it has ${bytes.length} bytes, ${wanted}` }
}

/** Undefined where a character is not of base64, or the last ones are missing: the decoder would leave them out. */
export function decodeBase64(text: string): Buffer | undefined {
  const characters = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
  if (text.length % 4 !== 0 || characters === 0) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === Math.floor((characters * 3) / 4) ? bytes : undefined
}
