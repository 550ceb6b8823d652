import { HypershardError, type RequestContext, waitWithin } from '@hypershard/common'
import type { Catalog } from '../catalog/catalog.ts'
import type { StoreWatcher } from '../catalog/store-watcher.ts'

export interface LookingParts {
  readonly catalog: Pick<Catalog, 'get'>
  readonly watcher: Pick<StoreWatcher, 'lookAtIndex'>
}

/** For looking once whether an index is still there. */
const lookMsMax = 2_000

/** What a search finds of an index whose files another coordinator deletes. */
const filesMissing = ['corrupt_data', 'index_not_found', 'generation_not_found']

/**
 * Does the work of a search. Where files are missing, it looks whether the index was deleted meanwhile, here or by another
 * coordinator whose word is not here yet: then that is what is wrong, and not damage.
 * @param name of an index, or an alias
 * @throws HypershardError `index_not_found`, and what the work throws
 */
export async function unlessDeleted<Result>(
  name: string,
  { deadline }: RequestContext,
  { catalog, watcher }: LookingParts,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!lacksFiles(error)) throw error
    const { record } = catalog.get(name)
    const looking = watcher.lookAtIndex(record.name)
    // What cannot be found out changes nothing: the files are missing.
    await waitWithin(looking, deadline.within(lookMsMax), 'looking whether the index was deleted').catch(
      () => undefined,
    )
    catalog.get(name)
    throw error
  }
}

function lacksFiles(error: unknown): boolean {
  if (!(error instanceof HypershardError)) return false
  if (error.code === 'corrupt_data') return true
  const { coverage } = error.details as { coverage?: { missing?: readonly { code: string }[] } }
  return (
    error.code === 'insufficient_coverage' && (coverage?.missing ?? []).some(({ code }) => filesMissing.includes(code))
  )
}
