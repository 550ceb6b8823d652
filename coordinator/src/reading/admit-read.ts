import type { RequestContext, WorkGate } from '@hypershard/common'
import type { Catalog } from '../catalog/catalog.ts'
import type { StoreWatcher } from '../catalog/store-watcher.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { unlessDeleted } from '../search/deleted-meanwhile.ts'

export interface ReadParts {
  readonly catalog: Catalog
  readonly cluster: Cluster
  readonly watcher: StoreWatcher
  readonly searches: WorkGate
}

/**
 * The door of what reads an index through its shard servers and scores nothing. Waits for the write that the answer must see, then
 * for a place among the searches that run at a time.
 * @param name of the span
 * @throws HypershardError `overloaded`, `index_not_found`, and what the work throws
 */
export function admitRead<Answer>(
  name: string,
  { index, minSequence }: { readonly index: string; readonly minSequence: number },
  context: RequestContext,
  { catalog, watcher, searches }: ReadParts,
  work: (context: RequestContext) => Promise<Answer>,
): Promise<Answer> {
  return context.step(name, async inner => {
    if (minSequence > 0) {
      const { record } = catalog.get(index)
      await inner.step('wait for write', ({ deadline }) =>
        watcher.untilSearchable(index, record.uid, minSequence, deadline),
      )
    }
    const read = () => unlessDeleted(index, inner, { catalog, watcher }, () => work(inner))
    return searches.run(inner.deadline, read)
  })
}
