/**
 * What names stand for, by the indexes and the table of aliases that a coordinator knows. Where there is an index, its name
 * is the index's, whatever the table has for it; and what the table has is bound to an index's identity, so that a later
 * index of a name inherits nothing.
 */
import { HypershardError } from '@hypershard/common'
import { type AliasTable, type AliasTarget, entryOf, type IndexRecord } from '@hypershard/storage'

export interface KnownNames {
  readonly table: AliasTable
  /** By name: the indexes that are there, and those of which a file is damaged. */
  readonly records: ReadonlyMap<string, IndexRecord>
  readonly failures: ReadonlyMap<string, HypershardError>
}

/** An entry of the table of aliases, and why it leads nowhere if it does. */
export interface NamedTarget {
  readonly alias: string
  readonly target: AliasTarget
  readonly problem: string | null
}

/** What a name points at, served or not. */
export function targetOf(names: KnownNames, name: string): AliasTarget | undefined {
  const target = entryOf(names.table, name)
  const record = names.records.get(name)
  if (record !== undefined) {
    return target?.indexUid === record.uid ? target : { index: name, indexUid: record.uid, generation: 1 }
  }
  return target !== undefined && isThere(names, target) ? target : undefined
}

/** The names that stand for a generation, in order. */
export function namesOf(names: KnownNames, place: { indexUid: string; generation: number }): string[] {
  const all = new Set([...names.records.keys(), ...Object.keys(names.table.aliases)])
  return [...all]
    .filter(name => {
      const target = targetOf(names, name)
      return target?.indexUid === place.indexUid && target.generation === place.generation
    })
    .sort()
}

/** All that the table has, in name order, but for what it has of the own name of an earlier index. */
export function listNames(names: KnownNames): NamedTarget[] {
  const named = Object.entries(names.table.aliases).map(([alias, target]) => {
    return { alias, target, problem: problemOf(names, alias, target) }
  })
  return named
    .filter(({ alias, target }) => target.index !== alias || isThere(names, target) || !isIndex(names, alias))
    .sort((a, b) => (a.alias < b.alias ? -1 : 1))
}

function problemOf(names: KnownNames, alias: string, target: AliasTarget): string | null {
  if (alias !== target.index && isIndex(names, alias))
    return 'an index has this name, and searches find that; remove the alias'
  if (names.failures.has(target.index)) return `index \`${target.index}\` is damaged`
  return isThere(names, target) ? null : `index \`${target.index}\` is gone; move the alias or remove it`
}

function isThere({ records }: KnownNames, target: AliasTarget): boolean {
  return records.get(target.index)?.uid === target.indexUid
}

function isIndex({ records, failures }: KnownNames, name: string): boolean {
  return records.has(name) || failures.has(name)
}

/** For what is done to an index by its own name alone. */
export function isAlias(name: string, { index }: AliasTarget): HypershardError {
  const message = `\`${name}\` is an alias of index \`${index}\`, not an index; remove the alias, or delete that index`
  return new HypershardError('index_not_found', message, { details: { index: name, alias: name, target: index } })
}

/** For whoever searches an alias whose index is gone. */
export function dangling(alias: string, { index, generation }: AliasTarget): HypershardError {
  const message =
    `alias \`${alias}\` stands for index \`${index}\` (generation ${generation}), which is gone; move the alias to ` +
    'another index, or remove it, with POST /v1/aliases'
  return new HypershardError('index_not_found', message, { details: { index: alias, alias, target: index } })
}
