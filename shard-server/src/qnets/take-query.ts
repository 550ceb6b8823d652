import type { Deadline } from '@hypershard/common'
import type { SearchShardsRequest } from '@hypershard/proto/shard'
import type { Expression } from '../cpu/composed/expression.ts'
import { readComposed } from '../search/read-composed.ts'
import type { QueryCache, ReadyQuery } from './query-cache.ts'

/** All that a request is scored with. */
export interface TakenQuery {
  /** Of a composed query its leaves, else one. */
  readonly queries: readonly ReadyQuery[]
  /** Over them; undefined of a query that is not composed. */
  readonly expression: Expression | undefined
  /** How long making their q-nets took, one after the other. */
  readonly headMs: number
  /** To be called once, when no thread reads them any more. */
  release(): void
}

/**
 * The query of a request, or each of a composed one. Nothing stays taken when it fails.
 * @throws HypershardError as `QueryCache.take`, and `invalid_request` for an expression that nobody can score
 */
export async function takeQuery(
  cache: QueryCache,
  { qnet, tokenStates, composed }: Pick<SearchShardsRequest, 'qnet' | 'tokenStates' | 'composed'>,
  deadline: Deadline,
): Promise<TakenQuery> {
  if (composed === undefined) return taken([await cache.take(qnet, tokenStates, deadline)], undefined)
  const expression = readComposed(composed)
  const settled = await Promise.allSettled(
    composed.leaves.map(leaf => cache.take(leaf.qnet, leaf.tokenStates, deadline)),
  )
  const queries = settled.flatMap(result => (result.status === 'fulfilled' ? result.value : []))
  const failed = settled.find(result => result.status === 'rejected')
  if (failed === undefined) return taken(queries, expression)
  for (const query of queries) query.release()
  throw failed.reason
}

function taken(queries: readonly ReadyQuery[], expression: Expression | undefined): TakenQuery {
  const headMs = queries.reduce((sum, query) => sum + query.headMs, 0)
  const release = () => {
    for (const query of queries) query.release()
  }
  return { queries, expression, headMs, release }
}
