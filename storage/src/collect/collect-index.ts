import { listGenerations, readGeneration } from '../catalog/generation/generation-record.ts'
import { readGenerationState } from '../catalog/generation/generation-state.ts'
import type { IndexRecord } from '../catalog/index/index-record.ts'
import { neededBy, neededByClones, neededManifests } from '../catalog/snapshot/needed-manifests.ts'
import { latestManifest } from '../manifest/manifest-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type Collected, type CollectOptions, collectGeneration } from './collect-generation.ts'
import { collectLog } from './collect-log.ts'

/**
 * Deletes what nothing needs any more of an index: old versions and the files that only they name, generations that
 * were given up, the log up to where every generation has it, what broken-off writes and commits left. May run at any
 * time, also twice at once.
 * @returns the keys that were deleted, or would be
 * @throws HypershardError of the store, `corrupt_data`
 * @example
 * ```ts
 * const keys = await collectIndex(store, index, { nowMs: Date.now(), keepMs: 3_600_000, dryRun: true })
 * ```
 */
export async function collectIndex(
  store: ObjectStore,
  index: IndexRecord,
  options: CollectOptions,
): Promise<Collected> {
  const collected: string[] = []
  let indexedUpTo = Number.POSITIVE_INFINITY
  const neededHere = await neededBy(store, index)
  let clones: ReturnType<typeof neededByClones> | undefined
  const askClones = () => {
    clones ??= neededByClones(store, index)
    return clones
  }
  const lookAgain = () => neededManifests(store, index)
  for (const number of await listGenerations(store, index)) {
    const record = await readGeneration(store, index, number)
    const { phase, changedAt } = await readGenerationState(store, record)
    const givenUp = phase === 'cancelled' || phase === 'dropped'
    if (givenUp && options.nowMs - Date.parse(changedAt) < options.keepMs) continue
    collected.push(
      ...(await collectGeneration(store, record, { ...options, givenUp, neededHere, askClones, lookAgain })),
    )
    if (!givenUp) indexedUpTo = Math.min(indexedUpTo, (await latestManifest(store, record)).log.sequence)
  }
  if (Number.isFinite(indexedUpTo)) collected.push(...(await collectLog(store, index, indexedUpTo, options)))
  return collected
}
