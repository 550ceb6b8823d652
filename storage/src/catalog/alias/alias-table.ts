/**
 * `aliases/<version>.json`: every alias and what it points at. One file holds them all, so that several move in one
 * step; each change is the next version, created if nobody else created it. docs/formats/aliases.md.
 */
import { type Clock, HypershardError } from '@hypershard/common'
import { indexNamePattern } from '@hypershard/contract'
import { z } from 'zod'
import { corruptData, decodeStored } from '../../corrupt-data.ts'
import { aliasesFolder, aliasTableKey, numberOfKey } from '../../layout.ts'
import { openSealedJson, sealJson } from '../../sealed-json.ts'
import type { ObjectStore } from '../../store/object-store.ts'

const targetSchema = z.strictObject({
  index: z.string().regex(indexNamePattern),
  indexUid: z.uuid(),
  generation: z.int().min(1),
})

/** One generation of one index. */
export type AliasTarget = Readonly<z.output<typeof targetSchema>>

const actionSchema = z.strictObject({
  name: z.string().regex(indexNamePattern),
  /** Null removes the alias. */
  to: targetSchema.nullable(),
})

export type AliasAction = Readonly<z.output<typeof actionSchema>>

const tableSchema = z.strictObject({
  format: z.literal('hypershard.aliases/1'),
  version: z.int().min(0),
  aliases: z.record(z.string().regex(indexNamePattern), targetSchema),
  /** What made this version of the one before. */
  actions: z.array(actionSchema),
  createdAt: z.iso.datetime(),
})

export type AliasTable = Readonly<z.output<typeof tableSchema>>

export const emptyAliasTable: AliasTable = Object.freeze({
  format: 'hypershard.aliases/1' as const,
  version: 0,
  aliases: {},
  actions: [],
  createdAt: new Date(0).toISOString(),
})

/** @throws HypershardError `corrupt_data` */
export async function latestAliasTable(store: ObjectStore): Promise<AliasTable> {
  const key = (await store.list(aliasesFolder)).at(-1)
  if (key === undefined) return emptyAliasTable
  return (await readTable(store, numberOfKey(key))) ?? emptyAliasTable
}

/** The newest table, found from one that was the newest a while ago. */
export async function newerAliasTable(store: ObjectStore, known: AliasTable): Promise<AliasTable> {
  for (let newest = known; ; ) {
    const next = await readTable(store, newest.version + 1)
    if (next === undefined) return newest
    newest = next
  }
}

/** Versions newest first, at most `versionsMax`. */
export async function aliasHistory(store: ObjectStore, versionsMax: number): Promise<AliasTable[]> {
  const keys = (await store.list(aliasesFolder)).reverse().slice(0, versionsMax)
  const tables = await Promise.all(keys.map(key => readTable(store, numberOfKey(key))))
  return tables.filter(table => table !== undefined)
}

/**
 * Creates the version after a table, if nobody else did.
 * @throws HypershardError `conflict` when another change came first: read the table and decide anew
 */
export async function putNextTable(
  store: ObjectStore,
  known: AliasTable,
  actions: readonly AliasAction[],
  clock: Clock,
): Promise<AliasTable> {
  const aliases = { ...known.aliases }
  for (const { name, to } of actions) {
    if (to === null) delete aliases[name]
    else aliases[name] = to
  }
  const next: AliasTable = {
    format: 'hypershard.aliases/1',
    version: known.version + 1,
    aliases,
    actions: [...actions],
    createdAt: new Date(clock.now()).toISOString(),
  }
  try {
    await store.putIfAbsent(aliasTableKey(next.version), sealJson(tableSchema.parse(next)))
  } catch (error) {
    if (!(error instanceof HypershardError && error.code === 'conflict')) throw error
    const message = `aliases: another change became version ${next.version}; read them and decide anew`
    throw new HypershardError('conflict', message, { details: { version: next.version }, cause: error })
  }
  return next
}

/** What a table has for a name, whether that is there or not. */
export function entryOf({ aliases }: AliasTable, name: string): AliasTarget | undefined {
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined
}

async function readTable(store: ObjectStore, version: number): Promise<AliasTable | undefined> {
  const key = aliasTableKey(version)
  const bytes = await store.get(key)
  if (bytes === undefined) return undefined
  const table = decodeStored('aliases', key, { key }, () => openSealedJson(tableSchema, bytes))
  if (table.version !== version) throw corruptData('aliases', `${key} is another version than its name says`, { key })
  return table
}
