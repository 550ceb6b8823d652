import { decodeBase64, type FloatValues, floatBytes, floatValues, isExactNumber } from '@hypershard/common'

/**
 * A vector as clients give one: numbers; or f32 or f16, little-endian, as bytes or as their base64. Which of them it is, the
 * length tells.
 * @param width that it must have
 */
export function readVector(
  given: unknown,
  width: number,
): { readonly values: FloatValues } | { readonly fault: string } {
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
  for (const precision of ['f32', 'f16'] as const) {
    if (bytes.length === floatBytes[precision] * width) return { values: floatValues(bytes, precision) }
  }
  const wanted = `the index takes ${width} values: ${4 * width} bytes of f32 or ${2 * width} of f16`
  return { fault: `it has ${bytes.length} bytes, ${wanted}` }
}
