import type { Clock } from '@hypershard/common'
import { extendCalibration } from '../calibration/extend-calibration.ts'
import type { IdColumn } from '../formats/utf8-column.ts'
import type { GenerationReference } from '../layout.ts'
import type { Manifest, SegmentEntry } from '../manifest/manifest.ts'
import { commitManifest, requireIndex } from '../manifest/manifest-store.ts'
import { openSegment } from '../segment/segment-reader.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { readTombstones, writeTombstones } from '../tombstones/tombstone-file.ts'
import { idSetOf, markSuperseded } from './mark-superseded.ts'

/**
 * Makes finished segments part of an index, all at once: documents of older segments that are put again are deleted
 * there, then the next manifest version is committed. Memory: the new ids of one shard and the ids of one segment.
 * @param current the newest manifest
 * @param added no id may be twice in the added segments of one shard
 * @throws HypershardError `conflict` when another writer came first: read the newest manifest and call again, the
 *   segments stay as they are; `index_not_found` when the index was deleted meanwhile; `corrupt_data`
 */
export async function commitSegments(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
  clock?: Clock,
): Promise<Manifest> {
  try {
    const kept = await keptSegments(store, current, added)
    const calibration = await extendCalibration(store, current, added)
    return await commitManifest(store, { ...current, calibration }, [...kept, ...added], clock)
  } catch (error) {
    // Of an index that is being deleted, any file may be missing: that is not corruption.
    await requireIndex(store, current)
    throw error
  }
}

/** The current segments without the documents that are put again, in their order. */
async function keptSegments(store: ObjectStore, current: Manifest, added: readonly SegmentEntry[]) {
  const kept = new Map<SegmentEntry, SegmentEntry | undefined>(current.segments.map(segment => [segment, segment]))
  for (const [shard, addedToShard] of Map.groupBy(added, segment => segment.shard)) {
    const newIds = await idSetOf(idsOf(store, current, addedToShard))
    for (const segment of current.segments.filter(existing => existing.shard === shard)) {
      kept.set(segment, await withoutSuperseded(store, current, segment, newIds))
    }
  }
  return [...kept.values()].filter(segment => segment !== undefined)
}

/** The segment with its tombstones brought up to date; undefined when no row of it is left. */
async function withoutSuperseded(
  store: ObjectStore,
  generation: GenerationReference,
  segment: SegmentEntry,
  newIds: ReadonlySet<string>,
): Promise<SegmentEntry | undefined> {
  const ids = await readSegmentIds(store, generation, segment)
  const { documents, deleted: before } = segment
  const bitmap = before === null ? undefined : await readTombstones(store, generation, before.digest, documents)
  const { deleted, count, added } = await markSuperseded(ids, bitmap, newIds)
  if (added === 0) return segment
  if (count === documents) return undefined
  return { ...segment, deleted: { digest: await writeTombstones(store, generation, deleted), count } }
}

async function* idsOf(store: ObjectStore, generation: GenerationReference, segments: readonly SegmentEntry[]) {
  for (const segment of segments) yield await readSegmentIds(store, generation, segment)
}

async function readSegmentIds(
  store: ObjectStore,
  generation: GenerationReference,
  segment: SegmentEntry,
): Promise<IdColumn> {
  const { index, generation: number } = generation
  const reader = await openSegment(store, { index, generation: number, digest: segment.digest })
  return reader.loadIds()
}
