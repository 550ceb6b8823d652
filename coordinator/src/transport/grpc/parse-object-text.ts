import { findRepeatedKey, HypershardError, messageOf, parseExactJson } from '@hypershard/common'

/**
 * The JSON object that a string of a request holds, with every number as it is written.
 * @param where what the string is, for messages: `filter_json`
 * @throws HypershardError `invalid_request`
 */
export function parseObjectText(text: string, where: string): Record<string, unknown> {
  const unmarked = text.startsWith('\uFEFF') ? text.slice(1) : text
  const refuse = (fault: string, cause?: unknown) =>
    new HypershardError('invalid_request', `${where}: ${fault}`, { cause })
  let value: unknown
  try {
    value = parseExactJson(unmarked)
  } catch (error) {
    throw refuse(`not JSON: ${messageOf(error)}`, error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('not a JSON object')
  const repeated = findRepeatedKey(unmarked, value)
  if (repeated !== undefined) throw refuse(`${repeated} is given twice in one object; leave one out`)
  return value as Record<string, unknown>
}
