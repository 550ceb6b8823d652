/** A hybrid search of some shards: their documents are ranked by words while they are scanned. */
import { type Deadline, HypershardError, type RequestContext, toHypershardError } from '@hypershard/common'
import type { ShardResult } from '@hypershard/proto/shard'
import type { ScanAnswer, ScanRequest, ShardToScan } from '../ports.ts'
import { failedResult, type ReadyShard, toHit } from '../search/shard-results.ts'
import { rankWithQNet, type WordHit, type WordParts, withWordScores } from './search-words.ts'
import type { WordQuery } from './words-thread.ts'

/** By shard: its best, or why they are not known. */
type RankedByWords = ReadonlyMap<number, readonly WordHit[] | HypershardError>

/** While the shards are scanned. By shard; never rejects. */
export async function rankShards(
  parts: WordParts,
  { shards, ...request }: ScanRequest,
  { query, context }: { readonly query: WordQuery; readonly context: RequestContext },
): Promise<RankedByWords> {
  const rank = (shard: ShardToScan) => rankWithQNet(parts, { shard, request, query }, context.deadline)
  const ranked = shards.map(async shard => [shard.shard, await rank(shard).catch(toHypershardError)] as const)
  return new Map(await Promise.all(ranked))
}

/** A shard whose documents were not all ranked by words counts as not searched. */
export function addWords(
  parts: WordParts,
  results: readonly ShardResult[],
  found: {
    readonly ready: readonly ReadyShard[]
    readonly work: ScanRequest
    readonly answer: ScanAnswer
    readonly ranked: RankedByWords
    readonly query: WordQuery
    /** Of the call: the scoring may have used up its own. */
    readonly deadline: Deadline
  },
): Promise<ShardResult[]> {
  const { ready, work, answer, query, deadline } = found
  const add = async (result: ShardResult): Promise<ShardResult> => {
    const place = ready.findIndex(({ shard }) => shard === result.shard)
    const ranked = found.ranked.get(result.shard)
    if (ranked === undefined) return result
    try {
      if (ranked instanceof HypershardError) throw ranked
      const { hits } = answer.scans[place]!
      const scored = { shard: work.shards[place]!, hits, query }
      const { segments } = ready[place]!
      return {
        ...result,
        hits: (await withWordScores(parts, scored, deadline)).map(hit => toHit(hit, segments)),
        wordHits: { hits: ranked.map(hit => toHit(hit, segments)) },
      }
    } catch (error) {
      return failedResult(result.shard, error)
    }
  }
  return Promise.all(results.map(add))
}
