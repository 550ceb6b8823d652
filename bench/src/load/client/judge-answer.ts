import { AssertionError } from 'node:assert'
import type { RankPosition } from '@hypershard/common'
import type { SearchAnswer } from '@hypershard/contract'
import { checkSearchAnswer } from '@hypershard/harness/invariants'
import { shardOf } from '@hypershard/storage'

/** What is true of a query in an index that nobody writes to. */
export interface Ranking {
  readonly shards: number
  /** Every document with its exact score, the best first. */
  readonly ranked: readonly RankPosition[]
  /** By id. */
  readonly texts: ReadonlyMap<string, string>
}

export interface Verdict {
  readonly error: 'wrong_answer' | 'partial_answer'
  readonly message: string
}

/**
 * What is wrong with an answer of 200.
 * @param body of the request, which says how much was asked for
 * @param ranking of its query, for a search by the exact plan; without one only the coverage is looked at
 * @returns undefined for an answer that is whole, and right as far as the ranking tells
 */
export function judgeAnswer(answer: SearchAnswer, body: string, ranking: Ranking | undefined): Verdict | undefined {
  const wrong = ranking === undefined ? undefined : whatIsWrong(answer, body, ranking)
  if (wrong !== undefined) return { error: 'wrong_answer', message: wrong }
  const { ratio, missing } = answer.coverage
  if (ratio >= 1 && missing.length === 0) return undefined
  return { error: 'partial_answer', message: `coverage ${ratio}: ${JSON.stringify(missing)}` }
}

function whatIsWrong(answer: SearchAnswer, body: string, { shards, ranked, texts }: Ranking): string | undefined {
  const { k, min_coverage: minCoverage = 1 } = JSON.parse(body) as { k: number; min_coverage?: number }
  // Merging makes new versions of the same documents.
  const known = {
    version: answer.manifest_version,
    sequence: 0,
    shards,
    shardOf: (id: string) => shardOf(id, shards),
    ranked,
    textOf: (id: string) => texts.get(id) ?? '',
  }
  try {
    checkSearchAnswer(answer, { k, minCoverage, minSequence: 0 }, known, everythingOf(shards))
    return undefined
  } catch (error) {
    if (error instanceof AssertionError) return error.message
    throw error
  }
}

/** What servers really searched is not known outside of them. */
function everythingOf(shards: number): ReadonlyMap<number, number> {
  return new Map(Array.from({ length: shards }, (_, shard) => [shard, Number.POSITIVE_INFINITY]))
}
