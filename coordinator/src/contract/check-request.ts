import { HypershardError } from '@hypershard/common'
import type { z } from 'zod'

/** How many faults of one request are told. */
const issuesMax = 20

/**
 * A value from outside as its schema has it.
 * @param where what the value is, for messages: `body`, `query string`
 * @throws HypershardError `invalid_request`, naming every fault and its place
 */
export function checkRequest<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.slice(0, issuesMax).map(({ path, message }) => ({
    path: path.join('.'),
    message: message.charAt(0).toLowerCase() + message.slice(1),
  }))
  const told = issues.map(({ path, message }) => `${path === '' ? where : `${where}.${path}`}: ${message}`)
  throw new HypershardError('invalid_request', told.join('; '), { details: { issues } })
}
