import { type Clock, retryOnConflict } from '@hypershard/common'
import type { GenerationRecord } from '../../catalog/generation/generation-record.ts'
import { textAt } from '../../segment/formats/utf8-column.ts'
import { openSegment } from '../../segment/segment-reader.ts'
import { hasBit } from '../../segment/tombstones/bitmap.ts'
import { tombstonesOf, writeTombstones } from '../../segment/tombstones/tombstone-file.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { Manifest, SegmentEntry } from '../manifest.ts'
import { segmentAt } from '../manifest-files.ts'
import { commitManifest, latestManifest } from '../manifest-store.ts'
import { IdSet } from './id-set.ts'
import { markSuperseded } from './mark-superseded.ts'

const attemptsMax = 100

/**
 * Puts one segment in the place of several that hold the same documents, as compaction does. Documents that were
 * deleted in the old segments since `base` are marked deleted in the new one.
 * @param replaced entries of `base`, of one shard
 * @param merged every document of them that was not deleted in `base`; undefined when there is none
 * @returns undefined when one of the replaced segments is gone: another worker compacted it
 * @throws HypershardError `index_not_found`, `corrupt_data`, `conflict` when others commit all the time
 */
export async function replaceSegments(
  store: ObjectStore,
  generation: GenerationRecord,
  replaced: readonly SegmentEntry[],
  merged: SegmentEntry | undefined,
  clock?: Clock,
): Promise<Manifest | undefined> {
  return retryOnConflict({ attemptsMax, clock }, async () => {
    const current = await latestManifest(store, generation)
    const now = replaced.map(({ digest }) => current.segments.find(segment => segment.digest === digest))
    if (!now.every(segment => segment !== undefined)) return undefined
    const gone = await idsDeletedSince(store, current, replaced, now)
    const entry = merged && (await withDeleted(store, current, merged, gone))
    const [first] = now
    const segments = current.segments.flatMap(segment => {
      if (segment === first) return entry === undefined ? [] : [entry]
      return now.includes(segment) ? [] : [segment]
    })
    return commitManifest(store, current, { segments }, clock)
  })
}

async function idsDeletedSince(
  store: ObjectStore,
  manifest: Manifest,
  before: readonly SegmentEntry[],
  now: readonly SegmentEntry[],
): Promise<IdSet> {
  const gone = new IdSet()
  for (const [at, segment] of now.entries()) {
    const { documents, deleted } = segment
    const earlier = before[at]!
    if (deleted === null || deleted.digest === earlier.deleted?.digest) continue
    const ids = await (await openSegment(store, segmentAt(manifest, segment))).loadIds()
    const marked = (await tombstonesOf(store, manifest, segment))!
    const markedBefore = await tombstonesOf(store, manifest, earlier)
    for (let row = 0; row < documents; row++) {
      if (hasBit(marked, row) && !(markedBefore !== undefined && hasBit(markedBefore, row))) gone.add(textAt(ids, row))
    }
  }
  return gone
}

/** The entry with these documents marked deleted; undefined when none is left. */
async function withDeleted(
  store: ObjectStore,
  manifest: Manifest,
  entry: SegmentEntry,
  gone: IdSet,
): Promise<SegmentEntry | undefined> {
  if (gone.size === 0) return entry
  const ids = await (await openSegment(store, segmentAt(manifest, entry))).loadIds()
  const { deleted, count } = await markSuperseded(ids, undefined, gone)
  if (count === entry.documents) return undefined
  if (count === 0) return entry
  return { ...entry, deleted: { digest: await writeTombstones(store, manifest, deleted), count } }
}
