/**
 * What a caller may learn of names in answers. An alias and the index that it stands for are one thing here: who may use
 * either may learn both names, and of what he may use neither of he learns nothing.
 */
import { HypershardError } from '@hypershard/common'
import type { AliasTable } from '@hypershard/storage'
import type { AliasOrder, ListedAliases } from '../aliases/alias-admin.ts'
import type { Coordinator } from '../coordinator.ts'
import type { DescribedGeneration } from '../generations/describe-generation.ts'
import { type Caller, mayUse, requireUse } from './caller.ts'

export function visibleAliases(caller: Caller, listed: ListedAliases): ListedAliases {
  const visible = listed.aliases.filter(({ alias, target }) => mayUse(caller, alias) || mayUse(caller, target.index))
  return { ...listed, aliases: visible }
}

/** Of the names that stand for a generation: his own, and that of the index, which he uses. */
export function visibleNames(
  caller: Caller,
  { names, record }: Pick<DescribedGeneration, 'names' | 'record'>,
): string[] {
  return names.filter(name => name === record.index || mayUse(caller, name))
}

/** Versions in which nothing changed that he may see stay, empty: their numbers are those of the table. */
export function visibleHistory(caller: Caller, versions: readonly AliasTable[]): AliasTable[] {
  return versions.map(version => ({
    ...version,
    actions: version.actions.filter(
      ({ name, to }) => mayUse(caller, name) || (to !== null && mayUse(caller, to.index)),
    ),
  }))
}

/** An alias is a way to what it stands for, so both ends must be his. @throws HypershardError `forbidden` */
export function requireOrders(caller: Caller, orders: readonly AliasOrder[]): void {
  for (const order of orders) {
    if ('remove' in order) requireUse(caller, order.remove.alias)
    else {
      requireUse(caller, order.add.alias)
      requireUse(caller, order.add.index)
    }
  }
}

/**
 * Whether all names move that stand for the same as the one in the request. That takes the index's own name: who may use
 * an alias alone moves no other.
 * @throws HypershardError `forbidden`, `index_not_found`
 */
export function movesAliases(
  { caller, params, query }: { caller: Caller; params: { index: string }; query: { move_aliases: string } },
  coordinator: Pick<Coordinator, 'getIndex'>,
): boolean {
  if (query.move_aliases !== 'true') return false
  requireUse(caller, coordinator.getIndex(params.index).record.name)
  return true
}

/** An index that cannot be deleted says which clones need it: to whom he may not see, only that there are some. */
export function hidingClones(caller: Caller) {
  return (error: unknown): never => {
    if (!(error instanceof HypershardError) || error.code !== 'index_in_use') throw error
    const { index, clones } = error.details as { index: string; clones?: readonly string[] }
    if (clones === undefined || clones.every(clone => mayUse(caller, clone))) throw error
    const message = `index \`${index}\` shares files with clones that your key may not see; ask who may to delete them`
    throw new HypershardError('index_in_use', message, { details: { index } })
  }
}

/** A generation that cannot be dropped says what stands for it: to whom he may not see, only that something does. */
export function hidingNames(caller: Caller) {
  return (error: unknown): never => {
    if (!(error instanceof HypershardError) || error.code !== 'wrong_phase') throw error
    const { index, generation, names } = error.details as {
      index: string
      generation: number
      names?: readonly string[]
    }
    if (names === undefined || names.every(name => mayUse(caller, name))) throw error
    const message = `index \`${index}\`: names stand for generation ${generation} that your key may not see; ask who may to move them`
    throw new HypershardError('wrong_phase', message, { details: { index, generation } })
  }
}
