import type { Deadline } from '@hypershard/common'
import type { ShardHit, ShardResult } from '@hypershard/proto/shard'
import { columnValueOf, type ExactValue } from '@hypershard/storage'
import type { RowFilter } from '../filtering/row-filter.ts'
import { failedResult, type ReadyShard } from './shard-results.ts'

/** Tells of each hit, also of those by words, which values of a field it has. A shard where that fails counts as not searched. */
export function addValues(
  filter: Pick<RowFilter, 'values'>,
  results: readonly ShardResult[],
  asked: { readonly field: string; readonly ready: readonly ReadyShard[]; readonly deadline: Deadline },
): Promise<ShardResult[]> {
  const { field, ready, deadline } = asked
  const add = async (result: ShardResult): Promise<ShardResult> => {
    const shard = ready.find(one => one.shard === result.shard)
    if (shard === undefined || result.error !== undefined) return result
    const { hits, wordHits } = result
    const all = [...hits, ...(wordHits?.hits ?? [])]
    try {
      const segments = rowsBySegment(all, shard)
      const found = await filter.values({ field, segments }, deadline)
      const valuesOf = new Map<string, readonly ExactValue[]>()
      for (const [at, { position, rows }] of segments.entries()) {
        for (const [place, row] of rows.entries()) valuesOf.set(`${position}/${row}`, found[at]![place]!)
      }
      const withValues = (hit: ShardHit): ShardHit => {
        const { segment, row } = hit.address!
        return { ...hit, values: { values: valuesOf.get(`${segment}/${row}`)!.map(columnValueOf) } }
      }
      return {
        ...result,
        hits: hits.map(withValues),
        ...(wordHits && { wordHits: { hits: wordHits.hits.map(withValues) } }),
      }
    } catch (error) {
      return failedResult(result.shard, error)
    }
  }
  return Promise.all(results.map(add))
}

function rowsBySegment(hits: readonly ShardHit[], { segments }: ReadyShard) {
  const keys = new Map(segments.map(({ position, key }) => [position, key]))
  const byPosition = Map.groupBy(hits, ({ address }) => address!.segment)
  return [...byPosition].map(([position, own]) => {
    return { position, key: keys.get(position)!, rows: [...new Set(own.map(({ address }) => address!.row))] }
  })
}
