import { type RequestContext, retryOnConflict } from '@hypershard/common'
import { type AliasAction, type AliasTarget, changeAliases, type ObjectStore } from '@hypershard/storage'
import type { Catalog } from '../catalog/catalog.ts'
import type { StoreWatcher } from '../catalog/store-watcher.ts'

export interface ChangeNamesParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly watcher: StoreWatcher
}

/** How often a change starts over because other aliases were changed in between. */
const attemptsMax = 20

/** One name that goes from one generation of an index to another. */
export interface NameMove {
  readonly name: string
  readonly to: AliasTarget
  /** Whether all other names go along that stand for the same generation as this one does. */
  readonly withAliases: boolean
}

/**
 * Lets a name stand for a generation, which shard servers load first: no search waits for it.
 * @throws HypershardError as `changeNames`
 */
export async function moveName(move: NameMove, context: RequestContext, parts: ChangeNamesParts): Promise<void> {
  await parts.watcher.tryOut(move.name, move.to.generation)
  await changeNames(async () => actionsOf(move, parts.catalog), context, parts)
}

function actionsOf({ name, to, withAliases }: NameMove, catalog: Catalog): AliasAction[] {
  const before = catalog.targetOf(name)
  const along = withAliases && before !== undefined ? catalog.namesOf(before) : []
  return [...new Set([name, ...along])].map(moved => ({ name: moved, to }))
}

/**
 * Changes what names point at, in one step, and returns once searches follow.
 * @param decide the actions, on the newest table of aliases; asked again when another change came first
 * @throws HypershardError what `decide` throws, `conflict` when aliases are changed all the time, `deadline_exceeded`
 */
export function changeNames(
  decide: () => Promise<readonly AliasAction[]>,
  context: RequestContext,
  { store, catalog, watcher }: ChangeNamesParts,
): Promise<void> {
  return retryOnConflict({ attemptsMax, deadline: context.deadline }, async () => {
    await watcher.findMoves()
    const actions = await decide()
    await changeAliases(store, catalog.newestAliases, actions)
    await watcher.untilMoved(
      actions.map(({ name }) => name),
      context.deadline,
    )
  })
}
