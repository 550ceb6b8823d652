/** What is stored of a key, in JSON: docs/formats/keys.md. Never the key itself. */
import { HypershardError, parseExactJson, withPlainNumbers } from '@hypershard/common'
import { z } from 'zod'

/** What a key may do. None contains another. */
export const scopes = ['search', 'read', 'write', 'admin'] as const

export type Scope = (typeof scopes)[number]

export const keysMax = 10_000
export const patternsMax = 100

/** As docs/api.md has filters; which fields there are only an index knows. */
const filterSchema = z.record(z.string(), z.unknown())

const limitsSchema = z.strictObject({
  /** Of requests of all kinds. */
  requests_per_second: z.number().positive().max(1_000_000).optional(),
  /** Of scoring, in thousand millions of floating-point operations. */
  gigaflops_per_second: z.number().positive().max(100_000_000).optional(),
})

export const keyRecordSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/, 'must be the twelve hex digits behind hs_'),
  name: z.string().min(1).max(200),
  hash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the key, in hex'),
  scopes: z.array(z.enum(scopes)).min(1),
  indexes: z
    .array(z.string().regex(/^[a-z0-9*_-]{1,64}$/, 'must be an index name, with * for any characters'))
    .min(1)
    .max(patternsMax),
  filter: filterSchema.optional(),
  limits: limitsSchema.optional(),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  created_at: z.iso.datetime(),
  created_by: z.string().max(200).optional(),
})

export type KeyRecord = z.output<typeof keyRecordSchema>

export const keysFormat = 'hypershard.keys/1'

const keysSchema = z.strictObject({
  format: z.literal(keysFormat),
  keys: z.array(keyRecordSchema).max(keysMax),
})

/**
 * @param text of a keys file
 * @param where for messages: the file's path
 * @throws HypershardError `invalid_config`
 */
export function parseKeys(text: string, where: string): readonly KeyRecord[] {
  const { keys } = check(keysSchema, exactFilters(parse(text, where)), where)
  const ids = new Set<string>()
  for (const { id } of keys) {
    if (ids.has(id)) throw invalid(where, `key ${id} stands there twice`)
    ids.add(id)
  }
  return keys
}

/** @throws HypershardError `invalid_config` */
export function parseKey(text: string, where: string): KeyRecord {
  return check(keyRecordSchema, exactFilter(parse(text, where)), where)
}

export function renderKeys(keys: readonly KeyRecord[]): string {
  return `${JSON.stringify({ format: keysFormat, keys }, null, 2)}\n`
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const told = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw invalid(where, told.join('; '))
}

function parse(text: string, where: string): unknown {
  try {
    return parseExactJson(text)
  } catch (cause) {
    throw invalid(where, 'not JSON', cause)
  }
}

/** Numbers of filters are compared with those of documents, and so must not be rounded. */
function exactFilter(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return withPlainNumbers(value)
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, inner]) => [key, key === 'filter' ? inner : withPlainNumbers(inner)]))
}

function exactFilters(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys)) return value
  return Object.assign({}, value, { keys: value.keys.map(exactFilter) })
}

function invalid(where: string, fault: string, cause?: unknown): HypershardError {
  const message = `${where}: ${fault}; docs/formats/keys.md says how keys are written`
  return new HypershardError('invalid_config', message, { cause })
}
