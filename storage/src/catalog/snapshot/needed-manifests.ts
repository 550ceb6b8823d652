import type { GenerationReference } from '../../layout.ts'
import { isBackfilled, type Manifest } from '../../manifest/manifest.ts'
import { filesAt, filesOf } from '../../manifest/manifest-files.ts'
import { latestManifest, readManifest } from '../../manifest/manifest-store.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { type GenerationRecord, listGenerations, readGeneration } from '../generation/generation-record.ts'
import { readGenerationState } from '../generation/generation-state.ts'
import { type IndexRecord, listIndexNames, readIndex } from '../index/index-record.ts'
import { listSnapshots } from './snapshot-record.ts'
import { unlessGone } from './unless-gone.ts'

/** A version whose files must stay. `pinned`: the manifest itself too. */
export interface NeededManifest {
  readonly manifest: Manifest
  readonly pinned: boolean
}

/**
 * Everything that needs files of an index, of that index and of those that may share files with it: the newest version of
 * each generation that was not given up, what generations are being copied from, snapshots.
 * @throws HypershardError of the store, `corrupt_data`
 */
export async function neededManifests(store: ObjectStore, index: IndexRecord): Promise<NeededManifest[]> {
  return [...(await neededBy(store, index)), ...(await neededByClones(store, index))]
}

/** The part of `neededManifests` that other indexes need. Reads the record of every index there is. */
export async function neededByClones(store: ObjectStore, index: IndexRecord): Promise<NeededManifest[]> {
  const needed: NeededManifest[] = []
  for (const clone of await clonesIn(store, index)) needed.push(...(await neededBy(store, clone)))
  return needed
}

/** The files in one generation's folder that some of the versions need. */
export function neededFiles(versions: readonly NeededManifest[], place: GenerationReference): Set<string> {
  return new Set(versions.flatMap(({ manifest }) => filesAt(manifest, place)))
}

/** The indexes, other than itself, that need files of an index. */
export async function borrowersOf(store: ObjectStore, index: IndexRecord): Promise<string[]> {
  const borrowers: string[] = []
  for (const clone of await clonesIn(store, index)) {
    const needed = await neededBy(store, clone)
    const borrows = needed.some(({ manifest }) => filesOf(manifest).some(({ home }) => home.index === index.name))
    if (borrows) borrowers.push(clone.name)
  }
  return borrowers
}

/** Clones may be of clones, so any may have files of any. */
async function clonesIn(store: ObjectStore, index: IndexRecord): Promise<IndexRecord[]> {
  const names = (await listIndexNames(store)).filter(name => name !== index.name)
  const records = await Promise.all(names.map(name => unlessGone(readIndex(store, name))))
  return records.filter(record => record?.origin !== undefined) as IndexRecord[]
}

/** The part of `neededManifests` that the index itself needs. */
export async function neededBy(store: ObjectStore, index: IndexRecord): Promise<NeededManifest[]> {
  const needed: NeededManifest[] = (await listSnapshots(store, index)).map(({ manifest }) => ({
    manifest,
    pinned: false,
  }))
  for (const number of await listGenerations(store, index)) {
    const generation = await unlessGone(readGeneration(store, index, number))
    if (generation === undefined) continue
    const { phase } = await readGenerationState(store, generation)
    if (phase !== 'building' && phase !== 'live') continue
    const newest = await unlessGone(latestManifest(store, generation))
    if (newest === undefined) continue
    needed.push({ manifest: newest, pinned: false })
    const copied = phase === 'live' && isBackfilled(newest) ? undefined : await sourceOf(store, generation)
    if (copied !== undefined) needed.push({ manifest: copied, pinned: true })
  }
  return needed
}

/** The version that a generation's documents are copied from. */
async function sourceOf(store: ObjectStore, { index, indexUid, source }: GenerationRecord) {
  if (source?.backfill === undefined) return undefined
  const { generation, version } = source.backfill
  return unlessGone(readManifest(store, { index, indexUid, generation, version }))
}
