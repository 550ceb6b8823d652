import {
  eligibleDocuments,
  type GenerationRecord,
  type GenerationState,
  type IndexingProgress,
  type IndexRecord,
  isBackfilled,
  latestManifest,
  listGenerations,
  type Manifest,
  newestOwnSamples,
  type ObjectStore,
  type OwnSamples,
  readGeneration,
  readGenerationState,
  readManifest,
  readProgress,
} from '@hypershard/storage'
import type { Catalog } from '../catalog/catalog.ts'
import type { WriteLogs } from '../writing/write-documents.ts'

export interface DescribedGeneration {
  readonly record: GenerationRecord
  readonly state: GenerationState
  /** Users' q-nets to calibrate with, where nothing encodes a query. */
  readonly ownSamples: OwnSamples | undefined
  readonly manifest: Manifest
  /** The names that searches reach it by. */
  readonly names: readonly string[]
  readonly documents: number
  /** Documents that were to be copied from the source generation, and those that are in; null when there is none. */
  readonly backfill: { readonly total: number; readonly done: number } | null
  /** Operations of the write log that are not in yet. */
  readonly lag: number
  /** Everything is copied, and the log is followed to its end. */
  readonly caughtUp: boolean
  readonly progress: IndexingProgress | undefined
  /** Of the documents still to be encoded, at the present rate; null when nobody knows. */
  readonly secondsLeft: number | null
}

export interface DescribeParts {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly logs: WriteLogs
}

/** Progress that is older says nothing about now. */
const progressKeptMs = 15_000

/** Ascending. @throws HypershardError `index_not_found`, `corrupt_data` */
export async function describeGenerations(index: string, parts: DescribeParts): Promise<DescribedGeneration[]> {
  const { record } = parts.catalog.get(index)
  const numbers = await listGenerations(parts.store, record)
  return Promise.all(numbers.map(number => describeGeneration(record, number, parts)))
}

/** @throws HypershardError `generation_not_found`, `corrupt_data` */
export async function describeGeneration(
  index: IndexRecord,
  number: number,
  { store, catalog, logs }: DescribeParts,
): Promise<DescribedGeneration> {
  const record = await readGeneration(store, index, number)
  const state = await readGenerationState(store, record)
  const manifest = await latestManifest(store, record)
  const dead = state.phase === 'cancelled' || state.phase === 'dropped'
  const backfill = dead ? null : await backfillOf(store, manifest)
  const lag = dead ? 0 : (await logs.of(index).lagBehind(manifest.log)).operations
  const progress = recent(dead ? undefined : await readProgress(store, record))
  const encoded = progress?.encoded ?? 0
  const left = lag + (backfill === null ? 0 : backfill.total - backfill.done) - encoded
  const rate = progress?.documentsPerSecond ?? 0
  return {
    record,
    state,
    ownSamples: await newestOwnSamples(store, record),
    manifest,
    backfill,
    lag,
    progress,
    names: catalog.namesOf(record),
    documents: eligibleDocuments(manifest),
    caughtUp: isBackfilled(manifest) && lag === 0,
    secondsLeft: left <= 0 ? 0 : rate > 0 ? left / rate : null,
  }
}

/** How many documents the source has, and how many of those are in. A slice counts by its share of them. */
async function backfillOf(store: ObjectStore, manifest: Manifest): Promise<DescribedGeneration['backfill']> {
  const { backfill, index, indexUid } = manifest
  if (backfill === null) return null
  const { generation, version, slices, done } = backfill
  const total = eligibleDocuments(await readManifest(store, { index, indexUid, generation, version }))
  return { total, done: slices === 0 ? total : Math.round((total * done.length) / slices) }
}

function recent(progress: IndexingProgress | undefined): IndexingProgress | undefined {
  if (progress === undefined || Date.now() - Date.parse(progress.updatedAt) > progressKeptMs) return undefined
  return progress
}
