import { type Clock, HypershardError } from '@hypershard/common'
import { requireIndex } from '../../catalog/index/index-record.ts'
import type { GenerationReference } from '../../layout.ts'
import type { IdColumn } from '../../segment/formats/utf8-column.ts'
import { openSegment } from '../../segment/segment-reader.ts'
import { tombstonesOf, writeTombstones } from '../../segment/tombstones/tombstone-file.ts'
import { shardOf } from '../../shard-of.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { eligibleDocuments, type Manifest, type ManifestContent, type SegmentEntry } from '../manifest.ts'
import { segmentAt } from '../manifest-files.ts'
import { commitManifest, newerManifest, requireStored } from '../manifest-store.ts'
import { extendSamples } from '../samples/extend-samples.ts'
import type { IdSet } from './id-set.ts'
import { idSetOf, markSuperseded } from './mark-superseded.ts'

export interface CommitOptions extends Partial<Pick<ManifestContent, 'log' | 'backfill' | 'aside' | 'unread'>> {
  /** Documents that are to be gone; none of them may be in an added segment. */
  readonly deletedIds?: Iterable<string>
  /** No added document is in an older segment: nobody needs to look. */
  readonly disjoint?: boolean
  readonly clock?: Clock
}

/**
 * Makes finished segments part of a generation, all at once: documents of older segments that are put again or deleted
 * are marked deleted there, then the next manifest version is committed. Memory: the new ids of one shard and the ids
 * of one segment.
 * @param current the newest manifest
 * @param added no id may be twice in the added segments of one shard
 * @throws HypershardError `conflict` when another writer came first: read the newest manifest and call again, the
 *   segments stay as they are; `index_not_found` when the index was deleted meanwhile; `corrupt_data`
 */
export async function commitSegments(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
  options: CommitOptions = {},
): Promise<Manifest> {
  const { deletedIds = [], disjoint = false, clock, ...content } = options
  try {
    const kept = disjoint ? current.segments : await keptSegments(store, current, added, deletedIds)
    const segments = [...kept, ...added]
    const { log, backfill } = { ...current, ...content }
    const documents = eligibleDocuments({ segments })
    const samples = await extendSamples(store, current, added, { documents, log, backfill })
    return await commitManifest(store, current, { ...content, ...samples, segments }, clock)
  } catch (error) {
    // Of an index that is being deleted, any file may be missing: that is not corruption.
    await requireIndex(store, current)
    // A worker that slept may miss files of a version that is no longer the newest: that is not corruption either.
    if (!isCorrupt(error)) throw error
    if ((await newerManifest(store, current)) !== current) throw overtakenBy(current, error)
    await requireStored(store, current, added)
    throw error
  }
}

function isCorrupt(error: unknown): error is HypershardError {
  return error instanceof HypershardError && error.code === 'corrupt_data'
}

function overtakenBy({ index, version }: Manifest, cause: HypershardError): HypershardError {
  const message = `index \`${index}\`: version ${version} is not the newest any more; read that and commit again`
  return new HypershardError('conflict', message, { details: { index, version }, cause })
}

/** The current segments without the documents that are put again or deleted, in their order. */
async function keptSegments(
  store: ObjectStore,
  current: Manifest,
  added: readonly SegmentEntry[],
  deletedIds: Iterable<string>,
) {
  const kept = new Map<SegmentEntry, SegmentEntry | undefined>(current.segments.map(segment => [segment, segment]))
  const addedByShard = Map.groupBy(added, segment => segment.shard)
  const deletedByShard = Map.groupBy(deletedIds, id => shardOf(id, current.shards))
  for (const shard of new Set([...addedByShard.keys(), ...deletedByShard.keys()])) {
    const newIds = await idSetOf(idsOf(store, current, addedByShard.get(shard) ?? []))
    for (const id of deletedByShard.get(shard) ?? []) newIds.add(id)
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
  newIds: IdSet,
): Promise<SegmentEntry | undefined> {
  const ids = await readSegmentIds(store, generation, segment)
  const { documents } = segment
  const bitmap = await tombstonesOf(store, generation, segment)
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
  return (await openSegment(store, segmentAt(generation, segment))).loadIds()
}
