import { HypershardError } from '@hypershard/common'
import type { Field, Fields } from '@hypershard/storage'

/**
 * A field that a request names.
 * @param path of its name in the body
 * @throws HypershardError `invalid_request` for one that the index does not have
 */
export function fieldNamed(name: string, fields: Fields, path: string): Field {
  if (Object.hasOwn(fields, name)) return fields[name]!
  const known = Object.keys(fields)
  const instead = known.length === 0 ? 'it was created without fields' : `its fields are ${known.join(', ')}`
  throw invalidAt(path, `the index has no field ${JSON.stringify(name)}; ${instead}`)
}

/** A fault of a request, told with its place in the body. */
export function invalidAt(path: string, fault: string): HypershardError {
  const issues = [{ path, message: fault }]
  return new HypershardError('invalid_request', `body.${path}: ${fault}`, { details: { issues } })
}
