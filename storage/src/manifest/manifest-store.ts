import { type Clock, HypershardError } from '@hypershard/common'
import { type GenerationRecord, readGeneration } from '../catalog/generation/generation-record.ts'
import { requireIndex } from '../catalog/index/index-record.ts'
import { corruptData, decodeStored, shortDigest } from '../corrupt-data.ts'
import { type GenerationReference, manifestKey, manifestsFolder, numberOfKey, segmentRecordKey } from '../layout.ts'
import { openSealedJson, sealJson } from '../sealed-json.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { initialManifest } from './initial-manifest.ts'
import {
  type Manifest,
  type ManifestContent,
  type ManifestReference,
  manifestSchema,
  nextManifest,
  type SegmentEntry,
} from './manifest.ts'
import { filesAt, segmentAt } from './manifest-files.ts'

/**
 * One version of a manifest.
 * @throws HypershardError `index_not_found` when the index is gone or is another one by now, `corrupt_data`
 */
export async function readManifest(store: ObjectStore, reference: ManifestReference): Promise<Manifest> {
  const { version } = reference
  const stored = version === 0 ? undefined : await findManifest(store, reference, version)
  if (stored?.indexUid === reference.indexUid) return stored
  const index = await requireIndex(store, reference)
  if (version === 0) return initialManifest(await readGeneration(store, index, reference.generation))
  const key = manifestKey(reference, version)
  const problem = stored === undefined ? 'is missing' : 'is of an index that was deleted'
  throw corruptData(`index \`${reference.index}\``, `${key} ${problem}`, { ...reference, key })
}

/**
 * The newest manifest of a generation; version 0 when nothing was committed yet.
 * @throws HypershardError `corrupt_data`
 * @example
 * ```ts
 * const index = await readIndex(store, 'papers')
 * const manifest = await latestManifest(store, await readGeneration(store, index, 1))
 * ```
 */
export async function latestManifest(store: ObjectStore, record: GenerationRecord): Promise<Manifest> {
  const { index, indexUid, generation } = record
  const newest = (await store.list(manifestsFolder({ index, generation }))).at(-1)
  if (newest === undefined) return initialManifest(record)
  const version = numberOfKey(newest)
  const where = `index \`${index}\``
  if (Number.isNaN(version)) throw corruptData(where, `${newest} does not belong there`, { key: newest })
  return readManifest(store, { index, indexUid, generation, version })
}

/**
 * The newest manifest, found from one that was the newest a while ago: a read for each version since.
 * @returns `known` itself when it still is
 * @throws HypershardError `corrupt_data`
 */
export async function newerManifest(store: ObjectStore, known: Manifest): Promise<Manifest> {
  let newest = known
  for (;;) {
    const next = await findManifest(store, newest, newest.version + 1)
    if (next === undefined || next.indexUid !== known.indexUid) return newest
    newest = next
  }
}

/**
 * The newest manifest, found by a listing: one that was the newest long ago may have no successor left to go on from.
 * @returns `known` itself when it still is
 * @throws HypershardError `corrupt_data`
 */
export async function listedManifest(store: ObjectStore, record: GenerationRecord, known: Manifest): Promise<Manifest> {
  const newest = (await store.list(manifestsFolder(record))).at(-1)
  if (newest === undefined || numberOfKey(newest) <= known.version) return known
  return latestManifest(store, record)
}

/**
 * Makes a new version durable and current.
 * @throws HypershardError `conflict` when another writer committed a version after `current`; `index_not_found` when
 *   the index was deleted meanwhile
 */
export async function commitManifest(
  store: ObjectStore,
  current: Manifest,
  content: Partial<ManifestContent>,
  clock?: Clock,
): Promise<Manifest> {
  const next = nextManifest(current, content, clock)
  const doomed = new Set([...current.condemned, ...next.condemned])
  if (doomed.size > 0 && filesAt(next, next).some(file => doomed.has(file))) throw beingDeleted(next)
  await requireIndex(store, current)
  await requireAdded(store, current, next)
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
 * A writer that slept between storing its segments and naming them may find them deleted as unused. Looked for after
 * `current` was read: a deletion since then came with a version of its own, and this commit fails.
 */
async function requireAdded(store: ObjectStore, current: Manifest, next: Manifest): Promise<void> {
  const before = new Set(current.segments.map(({ digest }) => digest))
  await requireStored(
    store,
    current,
    next.segments.filter(({ digest }) => !before.has(digest)),
  )
}

/** @throws HypershardError `storage_failed` when a segment that no version names yet is gone, or about to be */
export async function requireStored(
  store: ObjectStore,
  current: Manifest,
  segments: readonly SegmentEntry[],
): Promise<void> {
  for (const entry of segments) {
    const doomed = current.condemned.includes(`segments/${entry.digest}`)
    if (doomed || (await store.get(segmentRecordKey(segmentAt(current, entry)))) === undefined) {
      throw deletedBefore(current, entry.digest)
    }
  }
}

function deletedBefore({ index, version }: Manifest, digest: string): HypershardError {
  const message =
    `index \`${index}\`: segment ${shortDigest(digest)} was deleted as unused before a version after ${version} could name it; ` +
    'the work is done again'
  return new HypershardError('storage_failed', message, { details: { index, version, digest } })
}

function beingDeleted({ index, version }: Manifest): HypershardError {
  const message = `index \`${index}\`: a file of version ${version} is being deleted as unused; commit again in a moment`
  return new HypershardError('conflict', message, { details: { index, version } })
}

function cameLater(next: Manifest, cause: HypershardError): HypershardError {
  const message = `index \`${next.index}\`: another writer committed version ${next.version}; read it and commit again`
  return new HypershardError('conflict', message, { details: { index: next.index, version: next.version }, cause })
}
