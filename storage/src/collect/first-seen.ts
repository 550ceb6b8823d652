/**
 * `garbage.json`: since when nothing has needed a file, as the last collection saw it. Losing it keeps files for longer.
 */
import { z } from 'zod'
import { parseJson } from '../sealed-json.ts'
import type { ObjectStore } from '../store/object-store.ts'

const schema = z.record(z.string(), z.number())

export async function readFirstSeen(store: ObjectStore, key: string): Promise<Map<string, number>> {
  const bytes = await store.get(key)
  if (bytes === undefined) return new Map()
  try {
    return new Map(Object.entries(schema.parse(parseJson(bytes))))
  } catch {
    // The file is only a hint: a torn one counts as missing.
    return new Map()
  }
}

export async function writeFirstSeen(
  store: ObjectStore,
  key: string,
  seen: ReadonlyMap<string, number>,
): Promise<void> {
  await store.put(key, Buffer.from(JSON.stringify(Object.fromEntries(seen))))
}
