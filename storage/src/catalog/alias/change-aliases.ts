/**
 * Changes of the table of aliases that keep a name from being an index and an alias, and an alias from standing for an
 * index that is gone. No lock: each side writes what it is about to do, then looks for what the other wrote, so of two
 * that meet at least one sees the other and gives way.
 *
 * | who | writes | then looks for | gives way by |
 * |---|---|---|---|
 * | creates an index | `creating/<uid>.json` | an alias of that name | not creating it |
 * | deletes an index | `deleting.json` | aliases of it | leaving it, or removing them |
 * | adds an alias | the next table | those two files and `index.json` | the table after that |
 *
 * Whoever died in between leaves an entry that counts for nothing: where there is an index, its name is the index's.
 */
import { type Clock, HypershardError, retryOnConflict, systemClock } from '@hypershard/common'
import { creatingFolder, deletingKey, indexKey } from '../../layout.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { requireIndex } from '../index/index-record.ts'
import {
  type AliasAction,
  type AliasTable,
  type AliasTarget,
  entryOf,
  latestAliasTable,
  newerAliasTable,
  putNextTable,
} from './alias-table.ts'

/** How often taking a change back, or the names of a deleted index away, starts over because others were changed. */
const attemptsMax = 100

/**
 * Applies all actions in one step or none.
 * @param known the table that the actions were decided on
 * @throws HypershardError `conflict` when another change came first, or an index of that name is being created: read the
 *   table and decide anew; `index_exists` for an alias whose name is an index's, `index_not_found` for one of an index
 *   that is gone or going
 */
export async function changeAliases(
  store: ObjectStore,
  known: AliasTable,
  actions: readonly AliasAction[],
  clock: Clock = systemClock,
): Promise<AliasTable> {
  await requireUsable(store, actions)
  const made = await putNextTable(store, known, actions, clock)
  try {
    await requireUsable(store, actions)
  } catch (error) {
    await takeBack(store, { made, known, actions }, clock)
    throw error
  }
  return made
}

/** An index that is about to be deleted, or was; a damaged one has no uid to tell it by. */
export interface GoingIndex {
  readonly name: string
  readonly uid: string | undefined
}

/**
 * Sees to it that no alias stands for an index that is marked as being deleted.
 * @param aliases whether an index that has some is refused, or loses them
 * @throws HypershardError `index_in_use`, naming them
 */
export function releaseAliases(
  store: ObjectStore,
  index: GoingIndex,
  aliases: 'refuse' | 'delete',
  clock: Clock = systemClock,
): Promise<void> {
  return forgetNames(store, clock, table => {
    const names = namesIn(table, index).filter(name => name !== index.name)
    if (names.length > 0 && aliases === 'refuse') throw hasAliases(index.name, names.sort())
    return names
  })
}

/** Takes away which build the own name of an index that is gone stood for. It counts for no later index anyway. */
export function forgetOwnName(store: ObjectStore, index: GoingIndex, clock: Clock = systemClock): Promise<void> {
  return forgetNames(store, clock, table => namesIn(table, index).filter(name => name === index.name))
}

function namesIn({ aliases }: AliasTable, index: GoingIndex): string[] {
  const isOfIndex = (target: AliasTarget) =>
    target.index === index.name && (index.uid === undefined || target.indexUid === index.uid)
  return Object.keys(aliases).filter(name => isOfIndex(aliases[name]!))
}

function forgetNames(store: ObjectStore, clock: Clock, choose: (table: AliasTable) => string[]): Promise<void> {
  return retryOnConflict({ attemptsMax, clock }, async () => {
    const table = await latestAliasTable(store)
    const actions = choose(table).map(name => ({ name, to: null }))
    if (actions.length > 0) await putNextTable(store, table, actions, clock)
  })
}

async function requireUsable(store: ObjectStore, actions: readonly AliasAction[]): Promise<void> {
  const targets = new Map<string, AliasTarget>()
  for (const { name, to } of actions) {
    if (to === null) continue
    targets.set(to.indexUid, to)
    if (name !== to.index) await requireNoIndex(store, name)
  }
  for (const target of targets.values()) await requireTarget(store, target)
}

async function requireNoIndex(store: ObjectStore, name: string): Promise<void> {
  // In this order: whoever creates the index takes the file away only once there is one.
  const creating = await store.list(creatingFolder(name))
  if ((await store.get(indexKey(name))) !== undefined) {
    const message = `\`${name}\` is an index; choose another name for the alias`
    throw new HypershardError('index_exists', message, { details: { index: name } })
  }
  if (creating.length === 0) return
  const message =
    `\`${name}\`: an index of that name is being created; try again, and if its creation was interrupted, ` +
    `delete index \`${name}\` first`
  throw new HypershardError('conflict', message, { details: { index: name } })
}

async function requireTarget(store: ObjectStore, target: AliasTarget): Promise<void> {
  // In this order: whoever deletes the index takes the mark away only once the index is gone.
  const deleting = await store.get(deletingKey(target.index))
  await requireIndex(store, target)
  if (deleting === undefined) return
  const message = `index \`${target.index}\` is being deleted; if that was interrupted, delete it again`
  throw new HypershardError('index_not_found', message, { details: { index: target.index } })
}

/** Lets names stand for what they stood for before, unless they were moved on since. */
function takeBack(
  store: ObjectStore,
  { made, known, actions }: { made: AliasTable; known: AliasTable; actions: readonly AliasAction[] },
  clock: Clock,
): Promise<void> {
  return retryOnConflict({ attemptsMax, clock }, async () => {
    const newest = await newerAliasTable(store, made)
    const undone = actions
      .filter(({ name, to }) => isSame(entryOf(newest, name), to ?? undefined))
      .map(({ name }) => ({ name, to: entryOf(known, name) ?? null }))
    if (undone.length > 0) await putNextTable(store, newest, undone, clock)
  })
}

function isSame(one: AliasTarget | undefined, other: AliasTarget | undefined): boolean {
  return one?.indexUid === other?.indexUid && one?.generation === other?.generation
}

function hasAliases(index: string, aliases: readonly string[]): HypershardError {
  const message =
    `index \`${index}\` is what ${aliases.map(name => `\`${name}\``).join(', ')} stands for; move or remove its ` +
    'aliases first, or delete them along with it: `?aliases=delete`, `index delete --with-aliases`'
  return new HypershardError('index_in_use', message, { details: { index, aliases } })
}
