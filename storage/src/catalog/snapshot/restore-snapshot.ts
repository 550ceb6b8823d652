import { type Clock, systemClock } from '@hypershard/common'
import { indexFolder } from '../../layout.ts'
import { markTrimmed, WriteLog } from '../../log/write-log.ts'
import type { LogPosition, Manifest } from '../../manifest/manifest.ts'
import { borrowFiles } from '../../manifest/manifest-files.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import {
  createGeneration,
  firstGeneration,
  type GenerationRecord,
  writeFirstGeneration,
} from '../generation/generation-record.ts'
import { changeGenerationState, readGenerationState } from '../generation/generation-state.ts'
import { copyOwnSamples } from '../generation/own-samples.ts'
import { createIndex, type IndexRecord } from '../index/index-record.ts'
import { requireKept } from './require-kept.ts'
import type { Snapshot } from './snapshot-record.ts'

/** What a generation begins as: a version, under a name if it is a snapshot's. */
export interface Origin {
  readonly snapshot: string | null
  readonly model: Snapshot['model']
  readonly manifest: Manifest
}

/**
 * Makes a snapshot the beginning of a new generation that shares its files and follows the write log from here on: what
 * was written since the snapshot is not in it. One record, however large the index is. The generation is `live`; no name
 * points at it yet.
 * @throws HypershardError `conflict` when the snapshot was deleted meanwhile, `index_not_found`
 * @example
 * ```ts
 * const { name: snapshot, model, manifest } = await takeSnapshot(store, served, 'before-cleanup')
 * const restored = await restoreSnapshot(store, index, { snapshot, model, manifest })
 * ```
 */
export async function restoreSnapshot(
  store: ObjectStore,
  index: IndexRecord,
  origin: Origin,
  clock: Clock = systemClock,
): Promise<GenerationRecord> {
  const { model, manifest } = origin
  const { vectorWidth, shards } = manifest
  const log = { sequence: await new WriteLog(store, index, clock).head(), parts: 0 }
  const source = sourceOf(origin, log)
  const generation = await createGeneration(store, index, { model, vectorWidth, shards, source }, clock)
  try {
    await requireKept(store, { ...generation, ...source.restored.files })
  } catch (error) {
    await changeGenerationState(store, generation, () => ({ phase: 'cancelled' }), clock)
    throw error
  }
  const { sampleQueries } = await readGenerationState(store, manifest)
  await copyOwnSamples(store, manifest, generation)
  await changeGenerationState(store, generation, () => ({ phase: 'live', sampleQueries }), clock)
  return generation
}

/**
 * Creates an index that begins as a version of another and shares its files. Two records, however large that is. Its
 * write log goes on from that version's number, so that a document's version never means two things.
 * @throws HypershardError `index_exists`, `invalid_request` (the name), `conflict` when the files are being deleted
 */
export async function cloneIndex(
  store: ObjectStore,
  clone: Pick<IndexRecord, 'name' | 'replicas'>,
  { snapshot, model, manifest }: Origin,
  clock: Clock = systemClock,
): Promise<IndexRecord> {
  const { index, indexUid, generation, version, vectorWidth, shards, fields, passages, lexical } = manifest
  const { sequence, parts } = manifest.log
  const log = { sequence: parts === 0 ? sequence : sequence + 1, parts: 0 }
  const origin = { index, indexUid, generation, version, snapshot }
  const settings = { ...clone, model, vectorWidth, shards, fields, passages, lexical, origin }
  const source = sourceOf({ snapshot, model, manifest }, log)
  const { sampleQueries } = await readGenerationState(store, manifest)
  const record = await createIndex(store, settings, clock, async created => {
    await writeFirstGeneration(store, created, source)
    const reference = { index: created.name, indexUid: created.uid }
    if (log.sequence > 0) await markTrimmed(store, reference, log.sequence)
    await copyOwnSamples(store, manifest, { index: created.name, generation: 1 })
    if (sampleQueries === null) return
    await changeGenerationState(store, { index: created.name, generation: 1 }, () => ({ sampleQueries }), clock)
  })
  try {
    await requireKept(store, { ...firstGeneration(record), ...source.restored.files })
  } catch (error) {
    await store.deletePrefix(indexFolder(record.name))
    throw error
  }
  return record
}

function sourceOf({ snapshot, manifest }: Origin, log: LogPosition) {
  const { index, generation, version } = manifest
  return { log, restored: { index, generation, version, snapshot, files: borrowFiles(manifest) } }
}
