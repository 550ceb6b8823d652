import type { RequestContext } from '@hypershard/common'
import type { PreparedShard, PrepareRequest, PrepareResponse } from '@hypershard/proto/shard'
import { eligibleDocuments, type Manifest } from '@hypershard/storage'
import { isNoRoom } from '../holding/no-room.ts'
import type { SegmentHolder } from '../holding/segment-holder.ts'
import { checkManifestReference, checkShards, toShardError } from './check-request.ts'

interface PrepareParts {
  readonly holder: SegmentHolder
  /** Has the model's hyper-head loaded; nobody waits for that. */
  readonly warmHead: (modelDigest: string) => void
}

/** Loads the shards asked for, so that the first search finds them in memory. A shard that cannot be loaded says why. */
export async function prepareShards(
  { holder, warmHead }: PrepareParts,
  request: PrepareRequest,
  context: RequestContext,
): Promise<PrepareResponse> {
  const manifest = await holder.manifest(checkManifestReference(request.manifest), context.deadline)
  checkShards(manifest, request.shards)
  warmHead(manifest.modelDigest)
  return { shards: await Promise.all(request.shards.map(shard => prepareShard(holder, manifest, shard, context))) }
}

async function prepareShard(
  holder: SegmentHolder,
  manifest: Manifest,
  shard: number,
  context: RequestContext,
): Promise<PreparedShard> {
  try {
    const lease = await holder.lease(manifest, shard, context.deadline)
    lease.release()
    return { shard, documents: eligibleDocuments(manifest, shard), bytes: lease.bytes, error: undefined, noRoom: false }
  } catch (error) {
    return { shard, documents: 0, bytes: 0, error: toShardError(error), noRoom: isNoRoom(error) }
  }
}
