import { HypershardError, type RequestContext, type WorkGate } from '@hypershard/common'
import type { CountShardsRequest, CountShardsResponse, Filter, ShardCount } from '@hypershard/proto/shard'
import { countBits, type Manifest, subtractBitmap } from '@hypershard/storage'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { SegmentHolder } from '../holding/segment-holder.ts'
import { checkManifestReference, checkShards, toShardError } from '../search/check-request.ts'

export interface CountParts {
  readonly holder: SegmentHolder
  readonly filter: Pick<RowFilter, 'select'>
  /** Filters of searches and of counts are selected by one thread: they share its queue, and so its bound. */
  readonly searches: WorkGate
}

/**
 * How many documents of some shards pass a filter: the rows that a search would score, without scoring them. A shard that cannot
 * be counted says why, and harms no other.
 * @throws HypershardError `invalid_request`, `overloaded`, and what reading the manifest throws
 */
export async function countShards(
  { holder, filter, searches }: CountParts,
  request: CountShardsRequest,
  context: RequestContext,
): Promise<CountShardsResponse> {
  const { filter: wanted } = request
  if (wanted === undefined) throw new HypershardError('invalid_request', 'a count of everything needs no shard server')
  return searches.run(context.deadline, async () => {
    const manifest = await holder.manifest(checkManifestReference(request.manifest), context.deadline)
    checkShards(manifest, request.shards)
    const count = (shard: number) => countShard({ holder, filter }, { manifest, shard, wanted }, context)
    return { counts: await Promise.all(request.shards.map(count)) }
  })
}

async function countShard(
  { holder, filter }: Omit<CountParts, 'searches'>,
  { manifest, shard, wanted }: { readonly manifest: Manifest; readonly shard: number; readonly wanted: Filter },
  { deadline }: RequestContext,
): Promise<ShardCount> {
  try {
    const lease = await holder.lease(manifest, shard, deadline)
    try {
      const counts = lease.segments.map(async ({ key, deleted }) => {
        const selected = await filter.select(key, wanted, deadline)
        return countBits(deleted === undefined ? selected : subtractBitmap(selected, deleted))
      })
      const documents = (await Promise.all(counts)).reduce((sum, own) => sum + own, 0)
      return { shard, documents, error: undefined }
    } finally {
      lease.release()
    }
  } catch (error) {
    return { shard, documents: 0, error: toShardError(error) }
  }
}
