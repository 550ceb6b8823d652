/** How a document's JSON value becomes one of a field that searches can filter by. */
import { isExactNumber } from '@hypershard/common'
import type { Field, FieldType } from '@hypershard/contract'
import { readNumber } from './read-number.ts'

export const keywordBytesMax = 512
export const listValuesMax = 1_000

/** A keyword is a string, a date milliseconds since the epoch, a number a bigint where no double is this integer. */
export type FieldValue = string | number | bigint | boolean

/** A value of a field, or why it is none. */
export type ReadValue = { readonly value: FieldValue } | { readonly fault: string }

/** One JSON value, of a document or a filter, as a value of a type. */
export function readFieldValue(type: FieldType, value: unknown): ReadValue {
  switch (type) {
    case 'keyword':
      return readKeyword(value)
    case 'number':
      return readNumber(value)
    case 'boolean':
      return typeof value === 'boolean' ? { value } : { fault: 'must be true or false' }
    case 'date':
      return readDate(value)
  }
}

/**
 * The values that a document has of a field, none when the key is missing or null.
 * @param given the document's keys but for id, title and text, parsed by `parseExactJson`
 * @param name of the field: a key, or the path of one in nested objects
 * @returns with the fault of the first that is none
 */
export function readFieldValues(
  { type, list }: Field,
  given: Readonly<Record<string, unknown>>,
  name: string,
): { readonly values: readonly FieldValue[] } | { readonly fault: string } {
  const value = valueAt(given, name)
  if (value === undefined || value === null) return { values: [] }
  if (Array.isArray(value) && !list) return { fault: `must be one ${type}, this is an array` }
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (all.length > listValuesMax) return { fault: `has ${all.length} values, must be at most ${listValuesMax}` }
  const values: FieldValue[] = []
  for (const [at, one] of all.entries()) {
    const read = readFieldValue(type, one)
    if ('fault' in read) return { fault: Array.isArray(value) ? `${read.fault} (${name}.${at})` : read.fault }
    values.push(read.value)
  }
  return { values }
}

/** The value of a key, or else of a path: of an array of objects on the way the values of all of them. */
function valueAt(given: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(given, name)) return given[name]
  const dot = name.indexOf('.')
  return dot < 0 ? undefined : valueWithin(given, name.split('.'))
}

function valueWithin(value: unknown, keys: readonly string[]): unknown {
  const [key, ...rest] = keys
  if (key === undefined) return value
  if (Array.isArray(value)) {
    const found = value.flatMap(one => valueWithin(one, keys) ?? [])
    return found.length === 0 ? undefined : found
  }
  if (typeof value !== 'object' || value === null || isExactNumber(value) || !Object.hasOwn(value, key))
    return undefined
  return valueWithin((value as Record<string, unknown>)[key], rest)
}

function readKeyword(value: unknown): ReadValue {
  if (typeof value !== 'string') return { fault: 'must be a string' }
  if (!value.isWellFormed()) return { fault: 'has half of a surrogate pair; send well-formed Unicode' }
  // Arrow's readers drop one.
  if (value.startsWith('\uFEFF')) return { fault: 'begins with a byte order mark; leave it out' }
  const bytes = Buffer.byteLength(value)
  return bytes <= keywordBytesMax ? { value } : { fault: `is ${bytes} bytes, must be at most ${keywordBytesMax}` }
}

const datePattern = /^\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/

function readDate(value: unknown): ReadValue {
  const fault = 'must be a date as 2026-11-25 or 2026-11-25T10:00:00Z, with its time zone'
  if (typeof value !== 'string' || !datePattern.test(value)) return { fault }
  const ms = Date.parse(value)
  // Date.parse takes 30 February for 2 March.
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value.slice(0, 10))
  return Number.isNaN(ms) || !exists ? { fault } : { value: ms }
}
