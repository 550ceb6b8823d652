import { HypershardError } from '@hypershard/common'
import type { ObjectStore } from '../../store/object-store.ts'
import { entryOf, latestAliasTable } from './alias-table.ts'

/**
 * Whoever creates an index says so in the store first, and asks this then; see `change-aliases.ts` for the other side.
 * @throws HypershardError `index_exists` for a name that is an alias, also of an index that is gone
 */
export async function requireNoAlias(store: ObjectStore, name: string): Promise<void> {
  const target = entryOf(await latestAliasTable(store), name)
  // An index's own name stands in the table once another build of it is served, and an earlier index's may be left.
  if (target === undefined || target.index === name) return
  const message = `\`${name}\` is an alias of index \`${target.index}\`; choose another name, or remove the alias first`
  throw new HypershardError('index_exists', message, { details: { index: name, alias: name, target: target.index } })
}
