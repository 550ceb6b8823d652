import type { RequestContext } from '@hypershard/common'
import type { PreparedShard, PrepareRequest, PrepareResponse } from '@hypershard/proto/shard'
import { eligibleDocuments, type Manifest } from '@hypershard/storage'
import { isNoRoom } from '../holding/no-room.ts'
import type { SegmentHolder } from '../holding/segment-holder.ts'
import { checkManifestReference, checkShards, toShardError } from './check-request.ts'
import type { WarmUp } from './warm-up.ts'

interface PrepareParts {
  readonly holder: SegmentHolder
  /** Has the model's hyper-head loaded; nobody waits for that. */
  readonly warmHead: (modelDigest: string) => void
  readonly warmUp: Pick<WarmUp, 'run'>
}

/**
 * Loads the shards asked for, so that the first search finds them in memory, and warms up with the first of a model. A
 * shard that cannot be loaded says why.
 */
export async function prepareShards(
  { holder, warmHead, warmUp }: PrepareParts,
  request: PrepareRequest,
  context: RequestContext,
): Promise<PrepareResponse> {
  const manifest = await holder.manifest(checkManifestReference(request.manifest), context.deadline)
  checkShards(manifest, request.shards)
  warmHead(manifest.modelDigest)
  const shards = await Promise.all(request.shards.map(shard => prepareShard(holder, manifest, shard, context)))
  const searchable = shards.filter(({ error, documents }) => error === undefined && documents > 0)
  await warmUp.run(
    manifest,
    searchable.map(({ shard }) => shard),
    context,
  )
  return { shards }
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
