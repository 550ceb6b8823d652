import { HypershardError } from '@hypershard/common'
import type { z } from 'zod'

/** How many faults of one request are told. */
const issuesMax = 20

/**
 * A value from outside as its schema has it. An optional key that is null counts as left out, unless null means something
 * there: that is how many clients write a value that they do not have.
 * @param where what the value is, for messages: `body`, `query string`
 * @throws HypershardError `invalid_request`, naming every fault and its place
 */
export function checkRequest<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const first = schema.safeParse(value)
  if (first.success) return first.data
  const parsed = schema.safeParse(withoutRefusedNulls(value, first.error.issues))
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.slice(0, issuesMax).map(issue => ({
    path: issue.path.join('.'),
    message: lower(messageOfIssue(issue)),
  }))
  const told = issues.map(({ path, message }) => `${path === '' ? where : `${where}.${path}`}: ${message}`)
  throw new HypershardError('invalid_request', told.join('; '), { details: { issues } })
}

type Issue = z.core.$ZodIssue

/** What a schema says of a key is told in a list of its own; "invalid key in record" helps nobody. */
function messageOfIssue(issue: Issue): string {
  if (issue.code !== 'invalid_key') return issue.message
  return issue.issues.map(({ message }) => message).join(', ')
}

/** A copy without the keys that are null and that the schema refuses. Elements of arrays stay. */
function withoutRefusedNulls(value: unknown, issues: readonly Issue[]): unknown {
  const places = issues.flatMap(issue => placesOf(issue))
  return withoutNullsAt(value, places)
}

/** The places that an issue speaks of: of a union, those of each of its schemas. */
function placesOf(issue: Issue, before: readonly PropertyKey[] = []): PropertyKey[][] {
  const path = [...before, ...issue.path]
  if (issue.code !== 'invalid_union') return [path]
  return [path, ...issue.errors.flat().flatMap(inner => placesOf(inner, path))]
}

/** All places at once: a copy for each would take time by their square, and who asks decides how many there are. */
function withoutNullsAt(value: unknown, places: readonly PropertyKey[][]): unknown {
  if (places.length === 0 || typeof value !== 'object' || value === null) return value
  const below = Map.groupBy(places, ([key]) => String(key))
  const inside = (key: PropertyKey, inner: unknown) => {
    const deeper = (below.get(String(key)) ?? []).filter(({ length }) => length > 1)
    const rests = deeper.map(([, ...rest]) => rest)
    return withoutNullsAt(inner, rests)
  }
  if (Array.isArray(value)) return value.map((inner, at) => inside(at, inner))
  const isRefusedNull = ([key, inner]: [string, unknown]) =>
    inner === null && below.get(key)?.some(({ length }) => length === 1) === true
  const kept = Object.entries(value).filter(entry => !isRefusedNull(entry))
  return Object.fromEntries(kept.map(([key, inner]) => [key, inside(key, inner)]))
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
