import { compareRank } from '@hypershard/common'
import { messageBytesMax } from '@hypershard/common/grpc'
import type { ShardHit, ShardResult } from '@hypershard/proto/shard'
import { type DocumentsRead, readDocuments } from './fetch-documents.ts'

/** Texts that come with hits, which share a message with them. */
const attachedBytesMax = messageBytesMax / 2

/**
 * Gives the best `count` hits of a call, over all its shards, their documents, so that who asked need not come again for
 * them. Hits whose documents cannot be read, or not in time, are given without: their scores hold, and whoever fetches
 * the documents is told why.
 */
export async function attachDocuments(
  results: readonly ShardResult[],
  count: number,
  read: Omit<DocumentsRead, 'bytesMax'>,
): Promise<readonly ShardResult[]> {
  const best = results
    .flatMap(({ hits }) => hits)
    .sort(compareRank)
    .slice(0, count)
  if (best.length === 0) return results
  try {
    const addresses = best.map(({ address }) => address!)
    const documents = await readDocuments(addresses, { ...read, bytesMax: attachedBytesMax })
    const documentOf = new Map<ShardHit, ShardHit['document']>(best.map((hit, at) => [hit, documents[at]]))
    const attached = (hit: ShardHit) => ({ ...hit, document: documentOf.get(hit) })
    return results.map(result => ({ ...result, hits: result.hits.map(attached) }))
  } catch (error) {
    read.context.log.debug({ err: error, hits: best.length }, 'hits are given without their documents')
    return results
  }
}
