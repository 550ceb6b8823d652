import { randomUUID } from 'node:crypto'
import { creatingFolder, creatingKey, indexFolder, indexKey, leftoversFirstSeenKey } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { Collected, CollectOptions } from './collect-generation.ts'
import { readFirstSeen, writeFirstSeen } from './first-seen.ts'

/**
 * Deletes what an interrupted deletion or creation left under a name that is no index's: once all of it has lain there for a
 * while, so that nobody is at work on it, and under a mark that keeps whoever creates an index of the name from beginning
 * meanwhile.
 * @returns the keys that were deleted, or would be
 * @throws HypershardError of the store
 */
export async function collectLeftovers(
  store: ObjectStore,
  name: string,
  { nowMs, keepMs, dryRun = false }: CollectOptions,
): Promise<Collected> {
  const seenKey = leftoversFirstSeenKey(name)
  const keys = await store.list(indexFolder(name))
  if (keys.length === 0 || (await store.get(indexKey(name))) !== undefined) return []
  const before = await readFirstSeen(store, seenKey)
  const seen = new Map(keys.filter(key => key !== seenKey).map(key => [key, before.get(key) ?? nowMs]))
  if ([...seen.values()].some(ms => nowMs - ms < keepMs)) {
    if (!dryRun) await writeFirstSeen(store, seenKey, seen)
    return []
  }
  if (!dryRun) await deleteUnderMark(store, name, keys)
  return keys
}

async function deleteUnderMark(store: ObjectStore, name: string, keys: readonly string[]): Promise<void> {
  const own = creatingKey(name, randomUUID())
  await store.put(own, Buffer.from('{}'))
  try {
    // In this order: who creates the index has a mark until there is one.
    const marks = await store.list(creatingFolder(name))
    if ((await store.get(indexKey(name))) !== undefined) return
    if (marks.some(mark => mark !== own && !keys.includes(mark))) return
    // Its own list last: without it, what a killed collection left would count as new.
    const ordered = [...keys].sort(
      (a, b) => Number(a === leftoversFirstSeenKey(name)) - Number(b === leftoversFirstSeenKey(name)),
    )
    for (const key of ordered) await store.delete(key)
  } finally {
    await store.delete(own)
  }
}
