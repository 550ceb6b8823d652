import type { AccessDescription } from '@hypershard/contract'
import { mayDo, type Need } from './may-do.ts'

/** Why the key does not allow something, for who looks for it; undefined where it does. */
export function whyNot(access: AccessDescription, need: Need): string | undefined {
  if (mayDo(access, need)) return undefined
  const { scopes, filtered } = access
  if (!scopes.includes(need.scope)) return `This needs a key with the scope ${need.scope}.`
  if (filtered) return 'Your key has a filter, and this is not of its documents alone.'
  return 'This needs a key for all indexes.'
}
