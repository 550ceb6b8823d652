import { hash } from 'node:crypto'
import { expectFormat, FormatError } from '@hypershard/common'
import { z } from 'zod'

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')

/**
 * JSON that carries its own check: the last key, `sha256`, is the SHA-256 (hex) of the other keys as compact JSON, in
 * the order of the file. A value altered by hand or by a bad disk is found, not served.
 */
export function sealJson(record: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ ...record, sha256: sealOf(record) }, null, 2)}\n`)
}

/** @throws FormatError when the bytes are not sealed JSON of this schema */
export function openSealedJson<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array): z.output<Schema> {
  const parsed = parseJson(bytes)
  expectFormat(typeof parsed === 'object' && parsed !== null && 'sha256' in parsed, 'it has no sha256')
  const { sha256, ...record } = parsed
  expectFormat(sha256 === sealOf(record), 'its content does not match its sha256')
  return checkShape(schema, record)
}

/** @throws FormatError when the bytes are not UTF-8 or not JSON */
export function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return JSON.parse(text.decode(bytes))
  } catch (error) {
    throw new FormatError('it is not JSON', { cause: error })
  }
}

/** @throws FormatError with every problem */
export function checkShape<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const problems = checked.error.issues.map(issue => `${issue.path.join('.') || 'it'}: ${issue.message}`)
  throw new FormatError(problems.join('; '))
}

function sealOf(record: object): string {
  return hash('sha256', JSON.stringify(record), 'hex')
}
