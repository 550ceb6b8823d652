import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import type { Hit } from '@hypershard/contract'

/** A hit's score as a number: null stands for one that is NaN or infinite. */
export function rankOf({ id, score }: Pick<Hit, 'id' | 'score'>): { id: string; score: number } {
  return { id, score: score ?? Number.NaN }
}

/** No more hits than asked for, each document once, the best first. */
export function checkOrder(hits: readonly Hit[], k: number): void {
  assert.ok(hits.length <= k, `${hits.length} hits of ${k}`)
  if (new Set(hits.map(({ id }) => id)).size < hits.length) assert.fail(`a document is a hit twice: ${idsOf(hits)}`)
  for (const [at, hit] of hits.entries()) {
    const next = hits[at + 1]
    if (next === undefined || compareRank(rankOf(hit), rankOf(next)) < 0) continue
    assert.fail(`${hit.id} comes before ${next.id}: ${idsOf(hits)}`)
  }
}

function idsOf(hits: readonly Hit[]): string {
  return hits.map(({ id, score }) => `${id}=${score}`).join(' ')
}
