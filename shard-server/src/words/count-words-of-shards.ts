import { HypershardError, type RequestContext, type WorkGate } from '@hypershard/common'
import { queryCharactersMax } from '@hypershard/proto/limits'
import type { CountWordsRequest, CountWordsResponse, ShardWords } from '@hypershard/proto/shard'
import { checkManifestReference, checkShards, toShardError } from '../search/check-request.ts'
import { type LeasingParts, leaseShard } from '../search/lease-shard.ts'
import { requireWords } from './require-words.ts'
import type { WordSearcher } from './word-searcher.ts'

export interface CountParts extends LeasingParts {
  readonly words: Pick<WordSearcher, 'count'>
  /** Words are counted and ranked by one thread, and filters selected by one: their queues share a bound with searches. */
  readonly searches: WorkGate
}

/**
 * What some shards' documents have of a query's words. A shard that cannot be counted says why, and harms no other.
 * @throws HypershardError `invalid_request`, `overloaded`, and what reading the manifest throws
 */
export async function countWordsOfShards(
  parts: CountParts,
  request: CountWordsRequest,
  context: RequestContext,
): Promise<CountWordsResponse> {
  const { manifest: reference, shards, terms, filter } = request
  if (terms.length > queryCharactersMax) {
    throw new HypershardError(
      'invalid_request',
      `terms: ${terms.length} are given, at most ${queryCharactersMax} may be`,
    )
  }
  return parts.searches.run(context.deadline, async () => {
    const manifest = await parts.holder.manifest(checkManifestReference(reference), context.deadline)
    checkShards(manifest, shards)
    requireWords(manifest)
    const count = async (shard: number): Promise<ShardWords> => {
      try {
        const lease = await leaseShard(parts, shard, { manifest, filter, context })
        try {
          const { documents, words, documentCounts } = await parts.words.count(
            { segments: lease.segments.map(({ key, excluded }) => ({ key, excluded })), terms },
            context.deadline,
          )
          return { shard, documents, words, documentCounts: [...documentCounts], error: undefined }
        } finally {
          lease.release()
        }
      } catch (error) {
        return { shard, documents: 0, words: 0, documentCounts: [], error: toShardError(error) }
      }
    }
    return { shards: await Promise.all(shards.map(count)) }
  })
}
