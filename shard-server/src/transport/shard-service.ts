import { type Logger, unaryHandler } from '@hypershard/common'
import { type ShardServiceServer, ShardServiceService } from '@hypershard/proto/shard'
import type { ScoringPool } from '../cpu/scoring-pool.ts'
import type { RowFilter } from '../filtering/row-filter.ts'
import type { SegmentHolder } from '../holding/segment-holder.ts'
import type { QueryCache } from '../qnets/query-cache.ts'
import { fetchDocuments } from '../search/fetch-documents.ts'
import { prepareShards } from '../search/prepare-shards.ts'
import { searchShards } from '../search/search-shards.ts'

/** What the methods work with. */
export interface ShardServerParts {
  readonly holder: SegmentHolder
  readonly scoring: ScoringPool
  readonly filter: RowFilter
  readonly queries: QueryCache
  readonly log: Logger
}

export const shardServiceDefinition = ShardServiceService

/** The gRPC methods of `hypershard.v1.ShardService`. */
export function createShardService(parts: ShardServerParts): ShardServiceServer {
  return {
    prepare: unaryHandler((request, deadline) => prepareShards(parts, request, deadline), parts.log),
    searchShards: unaryHandler((request, deadline) => searchShards(parts, request, deadline), parts.log),
    fetch: unaryHandler((request, deadline) => fetchDocuments(parts, request, deadline), parts.log),
    release: unaryHandler(async ({ indexUid, generation }) => {
      if (generation === 0) parts.holder.forget(indexUid)
      else parts.holder.releaseGeneration(indexUid, generation)
      return {}
    }, parts.log),
  }
}
