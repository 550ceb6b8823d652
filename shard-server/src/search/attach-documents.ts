import { compareRank } from '@hypershard/common'
import { messageBytesMax } from '@hypershard/common/grpc'
import { hitsMax } from '@hypershard/proto/limits'
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
  const best = bestOf(results, count)
  if (best.length === 0) return results
  try {
    const addresses = best.map(({ address }) => address!)
    const documents = await readDocuments(addresses, { ...read, bytesMax: attachedBytesMax })
    const documentOf = new Map<ShardHit, ShardHit['document']>(best.map((hit, at) => [hit, documents[at]]))
    const attached = (hit: ShardHit) => ({ ...hit, document: documentOf.get(hit) })
    return results.map(({ hits, groups, ...result }) => ({
      ...result,
      hits: hits.map(attached),
      groups: groups && {
        ...groups,
        groups: groups.groups.map(group => ({ ...group, hits: group.hits.map(attached) })),
      },
    }))
  } catch (error) {
    read.context.log.debug({ err: error, hits: best.length }, 'hits are given without their documents')
    return results
  }
}

function hitsOf({ hits, groups }: ShardResult): readonly ShardHit[] {
  return groups === undefined ? hits : groups.groups.flatMap(group => group.hits)
}

/** Of hits that are sorted by fields, the first of each shard, as they cannot be compared here. */
function bestOf(results: readonly ShardResult[], count: number): readonly ShardHit[] {
  const areSorted = results.some(({ hits }) => hits.some(({ sort }) => sort.length > 0))
  if (areSorted) return results.flatMap(({ hits }) => hits.slice(0, count)).slice(0, hitsMax)
  return results.flatMap(hitsOf).sort(compareRank).slice(0, count)
}
