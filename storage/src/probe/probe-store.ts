import { randomUUID } from 'node:crypto'
import { HypershardError } from '@hypershard/common'
import { probesFolder } from '../layout.ts'
import type { ObjectStore } from '../store/object-store.ts'

/** So many write the same key at a time: one may win. */
const writersAtATime = 8

export interface StoreProbe {
  /** Promises that the store did not keep, each in a sentence; none of a store that will do. */
  readonly broken: readonly string[]
  /** Of an object that was written and deleted again. */
  readonly key: string
}

/**
 * Whether a store keeps what commits rest on: an object is created by one writer alone, is read as it was written as soon as
 * that is told, is listed then, and is gone once it was deleted. Everything written is deleted again.
 * @param onCreated called with the first object's key while that exists
 * @throws HypershardError what the store fails with
 */
export async function probeStore(
  store: ObjectStore,
  onCreated: (key: string) => Promise<void> = async () => undefined,
): Promise<StoreProbe> {
  const folder = `${probesFolder}${randomUUID()}/`
  const key = `${folder}once.json`
  const broken = await brokenIn(store, folder, { key, onCreated }).catch(async failure => {
    // The failure is what is told, not that of cleaning up behind it.
    await store.deletePrefix(folder).catch(() => undefined)
    throw failure
  })
  await store.deletePrefix(folder)
  if ((await store.get(key)) !== undefined) broken.push('an object is still there after it was deleted')
  return { broken, key }
}

async function brokenIn(
  store: ObjectStore,
  folder: string,
  { key, onCreated }: { readonly key: string; readonly onCreated: (key: string) => Promise<void> },
): Promise<string[]> {
  const broken: string[] = []
  await store.putIfAbsent(key, textOf('first'))
  await onCreated(key)
  if (await created(store, key, 'second')) broken.push('an object that existed was created a second time')
  if ((await readText(store, key)) !== 'first') broken.push('an object was replaced by one that should not be created')
  broken.push(...(await probeRace(store, `${folder}race.json`)))
  if ((await readRange(store, key)) !== 'irs') broken.push('a part of an object is not what was written')
  if (!(await store.list(folder)).includes(key)) broken.push('an object that was just written is not listed')
  return broken
}

async function probeRace(store: ObjectStore, key: string): Promise<string[]> {
  const texts = Array.from({ length: writersAtATime }, (_, at) => `writer ${at}`)
  const won = await Promise.all(texts.map(text => created(store, key, text)))
  const winners = texts.filter((_, at) => won[at])
  if (winners.length !== 1) return [`of ${writersAtATime} writers that created one object ${winners.length} succeeded`]
  return (await readText(store, key)) === winners[0] ? [] : ['an object is not that of the writer that created it']
}

async function created(store: ObjectStore, key: string, text: string): Promise<boolean> {
  try {
    await store.putIfAbsent(key, textOf(text))
    return true
  } catch (error) {
    if (error instanceof HypershardError && error.code === 'conflict') return false
    throw error
  }
}

async function readText(store: ObjectStore, key: string): Promise<string | undefined> {
  const bytes = await store.get(key)
  return bytes && Buffer.from(bytes).toString()
}

async function readRange(store: ObjectStore, key: string): Promise<string | undefined> {
  const reader = await store.openRange(key)
  try {
    return reader && Buffer.from(await reader.read(1, 3)).toString()
  } finally {
    await reader?.close()
  }
}

function textOf(text: string): Uint8Array {
  return Buffer.from(text)
}
