import { type Clock, HypershardError, type RequestContext } from '@hypershard/common'
import {
  type Collected,
  collectIndex,
  collectLeftovers,
  collectModels,
  type ObjectStore,
  readIndex,
} from '@hypershard/storage'
import type { IndexerMeter } from '../indexer-meter.ts'

export interface CollectParts {
  readonly store: ObjectStore
  readonly clock: Clock
  /** How long files that no manifest needs are kept. */
  readonly keepMs: number
  readonly meter: Pick<IndexerMeter, 'collected'>
}

/**
 * Deletes what nothing needs any more, index by index, and what interrupted deletions left. An index that is damaged holds
 * up no other.
 * @throws HypershardError `storage_failed`
 */
export async function collectIndexes(
  names: readonly string[],
  { store, clock, keepMs, meter }: CollectParts,
  context: RequestContext,
): Promise<void> {
  const { deadline, log } = context
  for (const name of names) {
    if (deadline.cancelled) return
    try {
      const deleted = await collectUnder(name, { store, clock, keepMs })
      meter.collected(deleted.length)
      if (deleted.length > 0) log.info({ index: name, files: deleted.length }, 'old files deleted')
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      if (error.code !== 'index_not_found') log.warn({ err: error, index: name }, 'old files were not deleted')
    }
  }
}

async function collectUnder(name: string, { store, clock, keepMs }: Omit<CollectParts, 'meter'>): Promise<Collected> {
  const options = { nowMs: clock.now(), keepMs }
  const index = await readIndex(store, name).catch(error => {
    if (!(error instanceof HypershardError) || error.code !== 'index_not_found') throw error
  })
  return index === undefined ? collectLeftovers(store, name, options) : collectIndex(store, index, options)
}

/** Deletes stored models that no index is of. */
export async function collectStoredModels(
  { store, clock, keepMs, meter }: CollectParts,
  { log }: RequestContext,
): Promise<void> {
  try {
    const deleted = await collectModels(store, { nowMs: clock.now(), keepMs })
    meter.collected(deleted.length)
    if (deleted.length > 0) log.info({ files: deleted.length }, 'stored models that no index is of deleted')
  } catch (error) {
    if (!(error instanceof HypershardError)) throw error
    log.warn({ err: error }, 'stored models were not looked through')
  }
}
