import { HypershardError, retryOnConflict } from '@hypershard/common'
import type { GenerationRecord } from '../catalog/generation/generation-record.ts'
import { fileFolders, filesIn } from '../catalog/generation/stored-files.ts'
import { type NeededManifest, neededFiles } from '../catalog/snapshot/needed-manifests.ts'
import {
  firstSeenKey,
  type GenerationReference,
  generationFolder,
  generationKey,
  generationStatesFolder,
  manifestKey,
  manifestsFolder,
  numberOfKey,
} from '../layout.ts'
import type { Manifest } from '../manifest/manifest.ts'
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

export interface CollectGenerationOptions extends CollectOptions {
  /** It was given up: only what something else needs of it stays. */
  readonly givenUp: boolean
  /** Versions of the same index that need files, as read when the collection began. */
  readonly neededHere: readonly NeededManifest[]
  /** Versions of other indexes that need files; asked for only when the index itself does not need some file. */
  readonly askClones: () => Promise<readonly NeededManifest[]>
  /** Both, read again now. */
  readonly lookAgain: () => Promise<readonly NeededManifest[]>
}

/**
 * Deletes the files of a generation that nothing has needed for a while.
 *
 * A worker may have stored a file, slept, and be about to name it. So the names are first condemned in a new manifest
 * version, on which every later one is built: a commit that names such a file is refused because that version came
 * first, or because it sees the name condemned. Names are drawn anew for every file, so that none comes back. Snapshots,
 * restored generations and clones name files without a commit here: they are looked for again once the names are
 * condemned, and whoever makes one looks for condemned names after that (`requireKept`).
 * @throws HypershardError of the store
 */
export async function collectGeneration(
  store: ObjectStore,
  generation: GenerationRecord,
  options: CollectGenerationOptions,
): Promise<Collected> {
  const { givenUp, dryRun = false } = options
  const current = await latestManifest(store, generation)
  const files = await filesIn(store, generation)
  const idle = await idleOf(generation, { current, files }, options)
  const due = givenUp ? idle : await dueOf(store, firstSeenKey(generation), idle, options)
  const doomed = due.flatMap(file => files.get(file)!)
  const old = givenUp ? [] : await oldManifests(store, generation, current, options)
  if (givenUp && idle.length === files.size) old.push(...(await recordsOf(store, generation)))
  if (dryRun) return [...doomed, ...old]
  if (due.length > 0 || current.condemned.length > 0) {
    const { dead, rescued } = await deleteCondemned(store, generation, { current, due, files }, options)
    if (rescued) return dead
  }
  for (const key of old) await store.delete(key)
  return [...doomed, ...old]
}

/** The files that nothing needs. */
async function idleOf(
  generation: GenerationReference,
  { current, files }: { current: Manifest; files: ReadonlyMap<string, unknown> },
  { givenUp, neededHere, askClones }: CollectGenerationOptions,
): Promise<string[]> {
  // `neededHere` is older than `current`, which may have named a file since.
  const needed = neededFiles(givenUp ? neededHere : [...neededHere, { manifest: current, pinned: false }], generation)
  const idle = [...files.keys()].filter(file => !needed.has(file))
  if (idle.length === 0) return idle
  const borrowed = neededFiles(await askClones(), generation)
  return idle.filter(file => !borrowed.has(file))
}

/** What a generation that was given up has besides files, but for what says that it was. */
async function recordsOf(store: ObjectStore, generation: GenerationReference): Promise<string[]> {
  const folders = [generationStatesFolder, ...fileFolders]
  return (await store.list(generationFolder(generation))).filter(
    key => key !== generationKey(generation) && !folders.some(folder => key.startsWith(folder(generation))),
  )
}

/** @returns the keys that are gone; `rescued` when another writer came first, or something needs what was about to go */
async function deleteCondemned(
  store: ObjectStore,
  generation: GenerationRecord,
  found: { current: Manifest; due: readonly string[]; files: ReadonlyMap<string, readonly string[]> },
  { givenUp, lookAgain }: CollectGenerationOptions,
): Promise<{ dead: string[]; rescued: boolean }> {
  const { current, due, files } = found
  // What an earlier collection condemned and did not get to delete is done now.
  const condemned = [...new Set([...current.condemned, ...due])]
  const emptied = givenUp ? { segments: [], aside: null, calibration: null, scaleSample: undefined } : {}
  try {
    await commitManifest(store, current, { ...emptied, condemned })
  } catch (error) {
    if (error instanceof HypershardError && error.code === 'conflict') {
      return { dead: [], rescued: true }
    }
    throw error
  }
  const needed = neededFiles(await lookAgain(), generation)
  const unneeded = condemned.filter(file => !needed.has(file))
  const dead = unneeded.flatMap(file => files.get(file) ?? [])
  for (const key of dead) await store.delete(key)
  await clearCondemned(store, generation, new Set(condemned))
  return { dead, rescued: unneeded.length < condemned.length }
}

async function clearCondemned(
  store: ObjectStore,
  generation: GenerationRecord,
  deleted: ReadonlySet<string>,
): Promise<void> {
  await retryOnConflict({ attemptsMax: clearAttemptsMax }, async () => {
    const current = await latestManifest(store, generation)
    const condemned = current.condemned.filter(file => !deleted.has(file))
    if (condemned.length < current.condemned.length) await commitManifest(store, current, { condemned })
  })
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
  { nowMs, keepMs, neededHere }: CollectGenerationOptions,
): Promise<string[]> {
  const { index, indexUid } = generation
  const pinned = new Set(
    neededHere
      .filter(({ pinned, manifest }) => pinned && manifest.indexUid === indexUid)
      .filter(({ manifest }) => manifest.generation === generation.generation)
      .map(({ manifest }) => manifest.version),
  )
  const reference = { index, generation: generation.generation }
  const versions = (await store.list(manifestsFolder(reference))).map(numberOfKey).filter(Number.isFinite)
  const old: string[] = []
  for (const [at, version] of versions.entries()) {
    const successor = versions[at + 1]
    if (successor === undefined || version >= current.version) break
    const { createdAt } = await readManifest(store, { ...reference, indexUid, version: successor })
    if (nowMs - Date.parse(createdAt) < keepMs) break
    if (!pinned.has(version)) old.push(manifestKey(reference, version))
  }
  return old
}
