import type { RankPosition } from '@hypershard/common'
import type { SearchAnswer } from '@hypershard/contract'
import type { Ranking } from '../load/client/judge-answer.ts'
import type { Api } from '../load/cluster/api.ts'
import type { BenchDocument } from '../load/workload/read-collection.ts'

const pageHits = 1_000

interface ReferenceIndex {
  readonly name: string
  readonly shards: number
  readonly documents: readonly BenchDocument[]
}

/**
 * How the exact plan ranks all documents for each query, asked of a cluster to which nothing happens.
 * @throws Error when an answer is not of all documents
 */
export async function readRankings(
  api: Api,
  { name, shards, documents }: ReferenceIndex,
  queries: readonly string[],
): Promise<ReadonlyMap<string, Ranking>> {
  const texts = new Map(documents.map(({ id, text }) => [id, text]))
  const rankings = new Map<string, Ranking>()
  for (const query of queries) {
    const ranked = await rankAll(api, name, query)
    if (ranked.length !== documents.length) {
      throw new Error(`${name}: ${ranked.length} of ${documents.length} documents are ranked for \`${query}\``)
    }
    rankings.set(query, { shards, ranked, texts })
  }
  return rankings
}

async function rankAll(api: Api, index: string, query: string): Promise<RankPosition[]> {
  const ranked: RankPosition[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = cursor === undefined ? {} : { cursor }
    const body = { query, plan: 'exact', k: pageHits, ids_only: true, ...page }
    const { hits, next_cursor } = await api.send<SearchAnswer>('POST', `/v1/indexes/${index}/search`, body)
    ranked.push(...hits.map(({ id, score }) => ({ id, score: score ?? Number.NaN })))
    cursor = next_cursor
  }
  return ranked
}
