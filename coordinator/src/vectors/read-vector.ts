import {
  decodeBase64,
  type FloatPrecision,
  type FloatValues,
  floatBytes,
  floatValues,
  isExactNumber,
} from '@hypershard/common'
import { vectorPrecisions } from '@hypershard/contract'

type Read = { readonly values: FloatValues } | { readonly fault: string }

/**
 * A vector as clients give one: numbers; or f32 or f16, little-endian, as bytes or as their base64. Which of them it is,
 * `{"values", "precision"}` says. Of bytes alone the length tells, so that f32 of half the width would pass for f16.
 * @param width that it must have
 */
export function readVector(given: unknown, width: number): Read {
  const { values, precision } = marked(given)
  if (precision !== undefined && !isPrecision(precision)) return { fault: 'precision: must be f32 or f16' }
  if (precision !== undefined && Array.isArray(values)) return { fault: 'precision: is of bytes; numbers have none' }
  const read = Array.isArray(values) ? valuesOfNumbers(values, width) : valuesOfBytes(values, width, precision)
  if ('fault' in read) return read
  const bad = read.values.findIndex(value => !Number.isFinite(value))
  return bad < 0 ? read : { fault: `value ${bad} is NaN, infinite, or beyond 32 bits` }
}

function marked(given: unknown): { readonly values: unknown; readonly precision?: unknown } {
  if (typeof given !== 'object' || given === null || !Object.hasOwn(given, 'values')) return { values: given }
  return given as { values: unknown; precision?: unknown }
}

function isPrecision(word: unknown): word is FloatPrecision {
  return vectorPrecisions.some(known => known === word)
}

function valuesOfNumbers(numbers: readonly unknown[], width: number): Read {
  if (numbers.length !== width) return { fault: `it has ${numbers.length} values, the index takes ${width}` }
  const values = new Float32Array(width)
  for (const [at, value] of numbers.entries()) {
    const number = isExactNumber(value) ? Number(value.rawJSON) : value
    if (typeof number !== 'number') return { fault: `value ${at} is no number` }
    values[at] = number
  }
  return { values }
}

function valuesOfBytes(given: unknown, width: number, said: FloatPrecision | undefined): Read {
  const bytes = typeof given === 'string' ? decodeBase64(given) : given instanceof Uint8Array ? given : undefined
  if (bytes === undefined) {
    return { fault: typeof given === 'string' ? 'not base64' : 'must be an array of numbers, or base64 of f32 or f16' }
  }
  const possible = said === undefined ? vectorPrecisions : [said]
  const precision = possible.find(one => bytes.length === floatBytes[one] * width)
  if (precision !== undefined) return { values: floatValues(bytes, precision) }
  const sizes = possible.map(one => `${floatBytes[one] * width} bytes of ${one}`).join(' or ')
  const wanted = `the index takes ${width} values: ${sizes}`
  return { fault: `it has ${bytes.length} bytes, ${wanted}` }
}
