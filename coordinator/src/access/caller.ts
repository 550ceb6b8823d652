import type { KeyRecord, Scope } from '@hypershard/access'
import { matchesPattern, scopes } from '@hypershard/access'
import { anyone, HypershardError, type Principal } from '@hypershard/common'

/** A filter as JSON has it, with its numbers as they were written. */
export type FilterJson = Readonly<Record<string, unknown>>

/** Who makes a request, and what he may do. */
export interface Caller extends Principal {
  readonly scopes: readonly Scope[]
  /** Of the names of indexes and aliases that he may use, with `*` for any characters. */
  readonly patterns: readonly string[]
  /** Of a tenant: there are no other documents than those that pass it. */
  readonly filter: FilterJson | undefined
  /** Without the port. */
  readonly address: string
}

/** Where no keys are asked for, anyone may do everything. */
export function callerWithoutKeys(address: string): Caller {
  return { ...anyone, scopes, patterns: ['*'], filter: undefined, address }
}

/** Whoever came without a valid key, where that is enough: he may do nothing. */
export function stranger(address: string): Caller {
  return { name: 'stranger', scopes: [], patterns: [], filter: undefined, address }
}

export function callerOf(key: KeyRecord, address: string): Caller {
  return { name: key.name, keyId: key.id, scopes: key.scopes, patterns: key.indexes, filter: key.filter, address }
}

/**
 * Whether he may use what is called so, be it an index or an alias. The name that he writes counts, whatever an alias
 * stands for: who may point the alias elsewhere has decided that its users go there.
 */
export function mayUse({ patterns }: Caller, name: string): boolean {
  return patterns.some(pattern => matchesPattern(pattern, name))
}

/** Told from the key alone, before anything is looked up: the answer is the same whether there is such an index or not. */
export function requireUse(caller: Caller, name: string): void {
  if (mayUse(caller, name)) return
  const message = `${nameOf(caller)} may not use \`${name}\`: its indexes are ${caller.patterns.join(', ')}`
  throw new HypershardError('forbidden', message, { details: { index: name } })
}

/** Whether there is no index and no document that he may not see. */
export function seesEverything({ patterns, filter }: Caller): boolean {
  return filter === undefined && patterns.includes('*')
}

/** For messages. */
export function nameOf({ keyId, name }: Caller): string {
  return keyId === undefined ? name : `key ${keyId} (${JSON.stringify(name)})`
}

/** For the log: never the key itself. */
export function factsOf({ keyId, name }: Caller): { readonly key?: { readonly id: string; readonly name: string } } {
  return keyId === undefined ? {} : { key: { id: keyId, name } }
}
