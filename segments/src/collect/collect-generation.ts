import { HypershardError, retryOnConflict } from '@hypershard/common'
import type { GenerationRecord } from '../generation/generation-record.ts'
import {
  asideFolder,
  calibrationsFolder,
  type GenerationReference,
  garbageKey,
  generationFolder,
  generationKey,
  generationStatesFolder,
  manifestKey,
  manifestsFolder,
  numberOfKey,
  segmentsFolder,
  tombstonesFolder,
} from '../layout.ts'
import { type Manifest, referencedFiles } from '../manifest/manifest.ts'
import { commitManifest, latestManifest, readManifest } from '../manifest/manifest-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { readFirstSeen, writeFirstSeen } from './first-seen.ts'

export interface CollectOptions {
  readonly nowMs: number
  /** How long what nothing needs is kept: longer than any query that still reads an older version. */
  readonly keepMs: number
  /** Tells what would be deleted, and deletes nothing. */
  readonly dryRun?: boolean
}

/** Keys that were deleted, or would be. */
export type Collected = readonly string[]

/** How often a commit is tried; whoever loses goes on at the next collection. */
const clearAttemptsMax = 100

/**
 * Deletes the files of a generation that its newest manifest, and those that `pinned` lists, have not named for a while.
 *
 * A worker may have stored a file, slept, and be about to name it. So the names are first condemned in a new manifest
 * version, on which every later one is built: a commit that names such a file is refused because that version came
 * first, or because it sees the name condemned. Names are drawn anew for every file, so that none comes back.
 * @param pinned versions that something else copies or keeps
 * @throws HypershardError of the store
 */
export async function collectGeneration(
  store: ObjectStore,
  generation: GenerationRecord,
  pinned: readonly number[],
  options: CollectOptions,
): Promise<Collected> {
  const current = await latestManifest(store, generation)
  const needed = new Set(referencedFiles(current))
  for (const version of pinned) {
    const { index, indexUid } = generation
    const manifest = await readManifest(store, { index, indexUid, generation: generation.generation, version })
    for (const file of referencedFiles(manifest)) needed.add(file)
  }
  const files = await filesOf(store, generation)
  const idle = [...files.keys()].filter(file => !needed.has(file))
  const due = await dueOf(store, garbageKey(generation), idle, options)
  const doomed = due.flatMap(file => files.get(file)!)
  const old = await oldManifests(store, generation, current, pinned, options)
  if (options.dryRun) return [...doomed, ...old]
  if (due.length > 0 || current.condemned.length > 0) await deleteCondemned(store, generation, current, due, files)
  for (const key of old) await store.delete(key)
  return [...doomed, ...old]
}

/**
 * Deletes everything of a generation that was given up, but for what says that it was.
 * @throws HypershardError of the store
 */
export async function collectDropped(
  store: ObjectStore,
  generation: GenerationReference,
  { dryRun = false }: Pick<CollectOptions, 'dryRun'> = {},
): Promise<Collected> {
  const states = generationStatesFolder(generation)
  const keys = (await store.list(generationFolder(generation))).filter(
    key => key !== generationKey(generation) && !key.startsWith(states),
  )
  if (!dryRun) for (const key of keys) await store.delete(key)
  return keys
}

async function deleteCondemned(
  store: ObjectStore,
  generation: GenerationRecord,
  current: Manifest,
  due: readonly string[],
  files: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  // What an earlier collection condemned and did not get to delete is done now.
  const condemned = [...new Set([...current.condemned, ...due])]
  try {
    await commitManifest(store, current, { condemned })
  } catch (error) {
    if (error instanceof HypershardError && error.code === 'conflict') return
    throw error
  }
  for (const file of condemned) for (const key of files.get(file) ?? []) await store.delete(key)
  await clearCondemned(store, generation, new Set(condemned))
}

async function clearCondemned(
  store: ObjectStore,
  generation: GenerationRecord,
  deleted: ReadonlySet<string>,
): Promise<void> {
  await retryOnConflict(clearAttemptsMax, async () => {
    const current = await latestManifest(store, generation)
    const condemned = current.condemned.filter(file => !deleted.has(file))
    if (condemned.length < current.condemned.length) await commitManifest(store, current, { condemned })
  })
}

/** The keys of each file or segment, by its name in the generation: `segments/<digest>`, `tombstones/<digest>`. */
async function filesOf(store: ObjectStore, generation: GenerationReference): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>()
  const root = generationFolder(generation)
  for (const folder of [segmentsFolder, tombstonesFolder, calibrationsFolder, asideFolder]) {
    for (const key of await store.list(folder(generation))) {
      const [kind, name] = key.slice(root.length).split('/') as [string, string]
      const file = `${kind}/${name.split('.')[0]}`
      files.set(file, [...(files.get(file) ?? []), key])
    }
  }
  return files
}

/** Those of the idle files that have been so for long enough. */
async function dueOf(
  store: ObjectStore,
  key: string,
  idle: readonly string[],
  { nowMs, keepMs, dryRun = false }: CollectOptions,
): Promise<string[]> {
  const before = await readFirstSeen(store, key)
  const seen = new Map(idle.map(file => [file, before.get(file) ?? nowMs]))
  if (!dryRun && (seen.size > 0 || before.size > 0)) await writeFirstSeen(store, key, seen)
  return idle.filter(file => nowMs - seen.get(file)! >= keepMs)
}

/** Versions whose successor is older than any query that may pin them. The newest stays. */
async function oldManifests(
  store: ObjectStore,
  generation: GenerationRecord,
  current: Manifest,
  pinned: readonly number[],
  { nowMs, keepMs }: CollectOptions,
): Promise<string[]> {
  const { index, indexUid } = generation
  const reference = { index, generation: generation.generation }
  const versions = (await store.list(manifestsFolder(reference))).map(numberOfKey).filter(Number.isFinite)
  const old: string[] = []
  for (const [at, version] of versions.entries()) {
    const successor = versions[at + 1]
    if (successor === undefined || version >= current.version) break
    const { createdAt } = await readManifest(store, { ...reference, indexUid, version: successor })
    if (nowMs - Date.parse(createdAt) < keepMs) break
    if (!pinned.includes(version)) old.push(manifestKey(reference, version))
  }
  return old
}
