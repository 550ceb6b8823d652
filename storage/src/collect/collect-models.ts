import { HypershardError } from '@hypershard/common'
import { listGenerations, readGeneration } from '../catalog/generation/generation-record.ts'
import { readGenerationState } from '../catalog/generation/generation-state.ts'
import { listIndexNames, readIndex } from '../catalog/index/index-record.ts'
import { modelFolder, modelJsonKey, modelsFirstSeenKey, modelsFolder } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { Collected, CollectOptions } from './collect-generation.ts'
import { readFirstSeen, writeFirstSeen } from './first-seen.ts'

/**
 * Deletes stored models that no index has been of for a while. There is no fence: an index that is created meanwhile
 * finds its model gone at worst, its searches are sent weights, and a coordinator stores the model again. An index that
 * cannot be read might be of any model, so that nothing is deleted then.
 * @returns the keys that were deleted, or would be
 * @throws HypershardError of the store, and of indexes that cannot be read
 */
export async function collectModels(
  store: ObjectStore,
  { nowMs, keepMs, dryRun = false }: CollectOptions,
): Promise<Collected> {
  const stored = (await store.listFolders(modelsFolder)).filter(name => /^[0-9a-f]{64}$/.test(name))
  if (stored.length === 0) return []
  const needed = await neededModels(store)
  const before = await readFirstSeen(store, modelsFirstSeenKey)
  const idle = stored.filter(model => !needed.has(model))
  const seen = new Map(idle.map(model => [model, before.get(model) ?? nowMs]))
  if (!dryRun && (seen.size > 0 || before.size > 0)) await writeFirstSeen(store, modelsFirstSeenKey, seen)
  const deleted: string[] = []
  for (const model of idle) {
    if (nowMs - seen.get(model)! < keepMs) continue
    const keys = await store.list(modelFolder(model))
    // Without `model.json` nobody takes what a killed collection left for a stored model.
    const ordered = [...keys].sort((a, b) => Number(b === modelJsonKey(model)) - Number(a === modelJsonKey(model)))
    if (!dryRun) for (const key of ordered) await store.delete(key)
    deleted.push(...ordered)
  }
  return deleted
}

/** Of every generation that was not given up, whatever its index's name stands for. */
async function neededModels(store: ObjectStore): Promise<Set<string>> {
  const needed = new Set<string>()
  for (const name of await listIndexNames(store)) {
    const index = await readIndex(store, name).catch(unlessGone)
    if (index === undefined) continue
    for (const number of await listGenerations(store, index)) {
      const generation = await readGeneration(store, index, number)
      const { phase } = await readGenerationState(store, generation)
      if (phase !== 'cancelled' && phase !== 'dropped') needed.add(generation.model.digest)
    }
  }
  return needed
}

/** An index that is being created or deleted. */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof HypershardError) || error.code !== 'index_not_found') throw error
}
