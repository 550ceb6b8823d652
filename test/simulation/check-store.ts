import assert from 'node:assert/strict'
import {
  type IndexRecord,
  isBackfilled,
  isWorkedOn,
  latestManifest,
  listGenerations,
  type Manifest,
  type ObjectStore,
  openSegment,
  readGeneration,
  readGenerationState,
  rowsLeft,
  type Snapshot,
  segmentAt,
  verifyGeneration,
} from '@hypershard/storage'
import type { History } from './history.ts'
import { unless } from './unless.ts'

export interface Checked {
  readonly indexes: readonly IndexRecord[]
  readonly snapshots: readonly { readonly snapshot: Snapshot }[]
  readonly history: History
}

/** Every generation has followed its log, and every version has the documents that its history leaves, and all files. */
export async function checkStore(store: ObjectStore, { indexes, snapshots, history }: Checked): Promise<void> {
  history.checkLogs()
  for (const index of indexes) {
    for (const number of await listGenerations(store, index)) {
      const generation = await generationOf(store, index, number)
      if (generation === undefined) continue
      const manifest = await latestManifest(store, generation)
      assert.deepEqual(manifest.log, history.endOf(generation), `${index.name}/${number} did not follow its log`)
      await checkVersion(store, history, manifest, `${index.name}/${number}`)
    }
  }
  for (const { snapshot } of snapshots) {
    await checkVersion(store, history, snapshot.manifest, `${snapshot.manifest.index}: ${snapshot.name}`)
  }
}

async function checkVersion(store: ObjectStore, history: History, manifest: Manifest, name: string): Promise<void> {
  const { problems } = await verifyGeneration(store, manifest)
  assert.deepEqual(problems, [], name)
  if (!isBackfilled(manifest)) return
  assert.deepEqual(await documentsOf(store, manifest), history.documentsAt(manifest, manifest.log), name)
}

/** Undefined for one that nobody works on. */
export async function generationOf(store: ObjectStore, index: IndexRecord, number: number) {
  const generation = await readGeneration(store, index, number).catch(unless('generation_not_found'))
  if (generation === undefined) return undefined
  return isWorkedOn(generation, await readGenerationState(store, generation)) ? generation : undefined
}

async function documentsOf(store: ObjectStore, manifest: Manifest): Promise<string[]> {
  const found: string[] = []
  for (const entry of manifest.segments) {
    const segment = await openSegment(store, segmentAt(manifest, entry))
    const documents = await segment.openDocuments()
    const rows = await rowsLeft(store, manifest, entry)
    for (const { id, version, text } of await documents.read(rows)) found.push(`${id}@${version}: ${text}`)
    await documents.close()
  }
  return found.sort()
}
