import { type Door, unaryHandler } from '@hypershard/common/grpc'
import { type ReleaseRequest, type ShardServiceServer, ShardServiceService } from '@hypershard/proto/shard'
import type { ObjectStore } from '@hypershard/storage'
import { countShards } from '../reading/count-shards.ts'
import { listShard } from '../reading/list-shard.ts'
import type { ListedSegments } from '../reading/listed-segment.ts'
import { fetchDocuments } from '../search/fetch-documents.ts'
import { findDocument } from '../search/find-document.ts'
import { prepareShards } from '../search/prepare-shards.ts'
import { type SearchParts, searchShards } from '../search/search-shards.ts'
import type { WarmUp } from '../search/warm-up.ts'
import type { ServerState } from '../server-state.ts'
import { countWordsOfShards } from '../words/count-words-of-shards.ts'
import type { WordSearcher } from '../words/word-searcher.ts'

/** What the methods work with. */
export interface ShardServerParts extends SearchParts {
  readonly words: WordSearcher
  readonly store: ObjectStore
  readonly state: ServerState
  readonly warmHead: (modelDigest: string) => void
  readonly warmUp: WarmUp
  readonly listed: ListedSegments
  readonly door: Door
}

export const shardServiceDefinition = ShardServiceService

/** Under which the standard health service tells whether the server is ready for more. */
export const shardServiceName = 'hypershard.v1.ShardService'

/** The gRPC methods of `hypershard.v1.ShardService`. */
export function createShardService(parts: ShardServerParts): ShardServiceServer {
  return {
    prepare: unaryHandler((request, context) => prepareShards(parts, request, context), parts.door),
    searchShards: unaryHandler((request, context) => searchShards(parts, request, context), parts.door),
    countWords: unaryHandler((request, context) => countWordsOfShards(parts, request, context), parts.door),
    fetch: unaryHandler(async (request, context) => {
      const response = await fetchDocuments(parts, request, context)
      parts.meter.noteFetched(response.documents)
      return response
    }, parts.door),
    find: unaryHandler((request, context) => findDocument(parts, request, context), parts.door),
    countShards: unaryHandler((request, context) => countShards(parts, request, context), parts.door),
    listShard: unaryHandler((request, context) => listShard(parts, request, context), parts.door),
    release: unaryHandler(async request => ({ kept: release(parts.holder, request) }), parts.door),
    describe: unaryHandler(async request => parts.state.describe(request), parts.door),
    drain: unaryHandler(async ({ undo }) => {
      parts.state.setDraining(!undo)
      return {}
    }, parts.door),
  }
}

/** @returns the shards that stay all the same */
function release(holder: ShardServerParts['holder'], { indexUid, generation, shards }: ReleaseRequest): number[] {
  if (generation > 0 && shards.length > 0) return holder.releaseShards(indexUid, generation, shards)
  if (generation > 0) holder.releaseGeneration(indexUid, generation)
  else holder.forget(indexUid)
  return []
}
