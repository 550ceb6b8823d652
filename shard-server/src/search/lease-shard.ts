import type { RequestContext } from '@hypershard/common'
import type { Filter } from '@hypershard/proto/shard'
import { complementOf, countBits, type Manifest, subtractBitmap } from '@hypershard/storage'
import { createSheet } from '../cpu/score-sheet.ts'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { SegmentHolder, ShardLease } from '../holding/segment-holder.ts'
import type { SegmentToScan } from '../ports.ts'

export interface LeasingParts {
  readonly holder: SegmentHolder
  readonly filter: Pick<RowFilter, 'select'>
}

/** A shard's segments, leased until released, and which of their rows can be hits. */
export interface LeasedShard extends Pick<ShardLease, 'shard' | 'release'> {
  readonly segments: readonly LeasedSegment[]
}

export type LeasedSegment = SegmentToScan & Pick<ShardLease['segments'][number], 'passages'>

/** What of a shard is asked for. */
interface Wish {
  readonly manifest: Manifest
  readonly filter: Filter | undefined
  /** Whether the scores of all its documents are needed. */
  readonly withSheets?: boolean | undefined
  readonly context: RequestContext
}

/** @throws HypershardError of loading the shard, and of the filter; nothing is leased then */
export async function leaseShard(
  { holder, filter: rowFilter }: LeasingParts,
  shard: number,
  { manifest, filter, withSheets, context }: Wish,
): Promise<LeasedShard> {
  const lease = await holder.lease(manifest, shard, context.deadline)
  try {
    const segments = await Promise.all(
      lease.segments.map(segment => eligibleOf(segment, { rowFilter, filter, withSheets, context })),
    )
    return { shard, segments, release: lease.release }
  } catch (error) {
    lease.release()
    throw error
  }
}

async function eligibleOf(
  { key, position, documents, passages, deleted, deletedCount }: ShardLease['segments'][number],
  { rowFilter, filter, withSheets, context }: { rowFilter: LeasingParts['filter'] } & Omit<Wish, 'manifest'>,
): Promise<LeasedSegment> {
  const sheet = withSheets ? createSheet(documents, passages !== undefined) : undefined
  const own = { key, position, passages, sheet }
  if (filter === undefined) return { ...own, excluded: deleted, eligible: documents - deletedCount }
  const selected = await rowFilter.select(key, filter, context.deadline)
  const eligible = deleted === undefined ? selected : subtractBitmap(selected, deleted)
  return { ...own, excluded: complementOf(eligible), eligible: countBits(eligible) }
}
