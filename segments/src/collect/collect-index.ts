import { type GenerationRecord, listGenerations, readGeneration } from '../generation/generation-record.ts'
import { type GenerationState, readGenerationState } from '../generation/generation-state.ts'
import type { IndexRecord } from '../index/index-record.ts'
import { isBackfilled } from '../manifest/manifest.ts'
import { latestManifest } from '../manifest/manifest-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type Collected, type CollectOptions, collectDropped, collectGeneration } from './collect-generation.ts'
import { collectLog } from './collect-log.ts'

/**
 * Deletes what nothing needs any more of an index: old versions and the files that only they name, generations that
 * were given up, the log up to where every generation has it, what broken-off writes and commits left. May run at any
 * time, also twice at once.
 * @returns the keys that were deleted, or would be
 * @throws HypershardError of the store, `corrupt_data`
 */
export async function collectIndex(
  store: ObjectStore,
  index: IndexRecord,
  options: CollectOptions,
): Promise<Collected> {
  const generations = await Promise.all(
    (await listGenerations(store, index)).map(async number => {
      const record = await readGeneration(store, index, number)
      return { record, state: await readGenerationState(store, record) }
    }),
  )
  const collected: string[] = []
  let indexedUpTo = Number.POSITIVE_INFINITY
  const pinned = await pinnedVersions(store, generations)
  for (const { record, state } of generations) {
    if (state.phase === 'cancelled' || state.phase === 'dropped') {
      const old = options.nowMs - Date.parse(state.changedAt) >= options.keepMs
      if (old) collected.push(...(await collectDropped(store, record, options)))
      continue
    }
    collected.push(...(await collectGeneration(store, record, pinned.get(record.generation) ?? [], options)))
    indexedUpTo = Math.min(indexedUpTo, (await latestManifest(store, record)).log.sequence)
  }
  if (Number.isFinite(indexedUpTo)) collected.push(...(await collectLog(store, index, indexedUpTo, options)))
  return collected
}

/** By generation: the versions that generations under construction are copied from. */
async function pinnedVersions(
  store: ObjectStore,
  generations: readonly { record: GenerationRecord; state: GenerationState }[],
): Promise<Map<number, number[]>> {
  const pinned = new Map<number, number[]>()
  for (const { record, state } of generations) {
    if (record.source === null || (state.phase !== 'building' && state.phase !== 'live')) continue
    if (state.phase === 'live' && isBackfilled(await latestManifest(store, record))) continue
    const { generation, version } = record.source.backfill
    if (version > 0) pinned.set(generation, [...(pinned.get(generation) ?? []), version])
  }
  return pinned
}
