import { type Clock, HypershardError } from '@hypershard/common'
import { corruptData, decodeStored } from '../corrupt-data.ts'
import { type IndexRecord, indexNotFound, readIndex } from '../index/index-record.ts'
import { type GenerationReference, manifestKey, manifestsFolder } from '../layout.ts'
import { openSealedJson, sealJson } from '../sealed-json.ts'
import type { ObjectStore } from '../store/object-store.ts'
import {
  emptyManifest,
  type Manifest,
  type ManifestReference,
  manifestSchema,
  nextManifest,
  type SegmentEntry,
} from './manifest.ts'

/**
 * One version of a manifest.
 * @throws HypershardError `index_not_found` when the index is gone or is another one by now, `corrupt_data`
 */
export async function readManifest(store: ObjectStore, reference: ManifestReference): Promise<Manifest> {
  const { version } = reference
  const stored = version === 0 ? undefined : await findManifest(store, reference, version)
  if (stored?.indexUid === reference.indexUid) return stored
  const index = await requireIndex(store, reference)
  if (version === 0) return emptyManifest(index)
  const key = manifestKey(reference, version)
  const problem = stored === undefined ? 'is missing' : 'is of an index that was deleted'
  throw corruptData(`index \`${reference.index}\``, `${key} ${problem}`, { ...reference, key })
}

/**
 * The newest manifest of an index's current generation; version 0 when nothing was committed yet.
 * @throws HypershardError `corrupt_data`
 */
export async function latestManifest(store: ObjectStore, index: IndexRecord): Promise<Manifest> {
  const generation = { index: index.name, generation: index.generation }
  const newest = (await store.list(manifestsFolder(generation))).at(-1)
  if (newest === undefined) return emptyManifest(index)
  const version = Number(newest.match(/(\d{10})\.json$/)?.[1] ?? Number.NaN)
  const where = `index \`${index.name}\``
  if (Number.isNaN(version)) throw corruptData(where, `${newest} does not belong there`, { key: newest })
  return readManifest(store, { ...generation, indexUid: index.uid, version })
}

/**
 * Makes a new version durable and current.
 * @throws HypershardError `conflict` when another writer committed a version after `current`; `index_not_found` when
 *   the index was deleted meanwhile
 */
export async function commitManifest(
  store: ObjectStore,
  current: Manifest,
  segments: readonly SegmentEntry[],
  clock?: Clock,
): Promise<Manifest> {
  const next = nextManifest(current, segments, clock)
  await requireIndex(store, current)
  try {
    await store.putIfAbsent(manifestKey(next, next.version), sealJson(manifestSchema.parse(next)))
  } catch (error) {
    throw error instanceof HypershardError && error.code === 'conflict' ? cameLater(next, error) : error
  }
  return next
}

async function findManifest(store: ObjectStore, generation: GenerationReference, version: number) {
  const key = manifestKey(generation, version)
  const bytes = await store.get(key)
  if (bytes === undefined) return undefined
  const where = `index \`${generation.index}\``
  const details = { index: generation.index, key }
  const manifest = decodeStored(where, key, details, () => openSealedJson(manifestSchema, bytes))
  const inPlace =
    manifest.index === generation.index && manifest.generation === generation.generation && manifest.version === version
  if (!inPlace) throw corruptData(where, `${key} is another manifest than its name says`, details)
  return manifest
}

/**
 * The index that a reference means, not a later one of the same name.
 * @throws HypershardError `index_not_found`
 */
export async function requireIndex(store: ObjectStore, reference: { index: string; indexUid: string }) {
  const index = await readIndex(store, reference.index)
  if (index.uid !== reference.indexUid) throw indexNotFound(reference.index)
  return index
}

function cameLater(next: Manifest, cause: HypershardError): HypershardError {
  const message = `index \`${next.index}\`: another writer committed version ${next.version}; read it and commit again`
  return new HypershardError('conflict', message, { details: { index: next.index, version: next.version }, cause })
}
