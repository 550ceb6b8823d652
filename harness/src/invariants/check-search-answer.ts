import assert from 'node:assert/strict'
import { compareRank, type RankPosition } from '@hypershard/common'
import type { Hit, SearchAnswer } from '@hypershard/contract'
import type { AskedSearch } from './asked-search.ts'
import { checkCounts, checkEnough, checkSearched } from './check-coverage.ts'
import { checkOrder, rankOf } from './check-hits.ts'

/** The truth about one manifest version, and what a query gives its documents. */
export interface KnownVersion {
  readonly version: number
  /** The newest entry of the write log that is in it. */
  readonly sequence: number
  readonly shards: number
  readonly shardOf: (id: string) => number
  /** Every document of it with its exact score, in rank order. */
  readonly ranked: readonly RankPosition[]
  /** The text of a document of it. */
  readonly textOf: (id: string) => string
}

/**
 * Throws an AssertionError when an answer of the exact plan without filter and cursor breaks a promise: hits that are
 * real, right and in order; none left out of a shard that counts as covered; true coverage, as much as was asked for; the
 * writes that were asked for.
 * @param known the version that the answer says it pinned
 * @param searched by shard, the documents that some server really scored
 * @example
 * ```ts
 * checkSearchAnswer(answer, { k: 10, minCoverage: 1, minSequence: 0 }, truth.at(answer.manifest_version), searched)
 * ```
 */
export function checkSearchAnswer(
  answer: SearchAnswer,
  asked: AskedSearch,
  known: KnownVersion,
  searched: ReadonlyMap<number, number>,
): void {
  assert.equal(answer.manifest_version, known.version, 'the answer is of the version that it names')
  assert.ok(known.sequence >= asked.minSequence, `it sees ${known.sequence}, asked was for ${asked.minSequence}`)
  checkOrder(answer.hits, asked.k)
  checkReal(answer.hits, known)
  checkCounts(answer.coverage)
  checkEnough(answer.coverage, asked)
  const eligible = eligibleOf(known)
  assert.equal(answer.coverage.documents_eligible, known.ranked.length, 'every document of the version is eligible')
  checkSearched(answer.coverage, eligible, searched)
  checkNoneLeftOut(answer, asked, known)
}

/** Each hit is a document of the version, with its score and its text. */
function checkReal(hits: readonly Hit[], { ranked, textOf, version }: KnownVersion): void {
  const scores = new Map(ranked.map(({ id, score }) => [id, score]))
  for (const { id, score, text } of hits) {
    const right = scores.get(id)
    assert.ok(right !== undefined, `${id} is no document of version ${version}`)
    assert.equal(score, Number.isFinite(right) ? right : null, `the score of ${id}`)
    if (text !== undefined) assert.equal(text, textOf(id), `the text of ${id}`)
  }
}

/** The exact best of all shards that count as covered. With every shard covered these are the exact best of all. */
function checkNoneLeftOut(
  { hits, coverage }: SearchAnswer,
  { k }: AskedSearch,
  { ranked, shardOf }: KnownVersion,
): void {
  const missing = new Set(coverage.missing.map(({ shard }) => shard))
  const given = new Set(hits.map(({ id }) => id))
  const last = hits.length < k ? undefined : hits.at(-1)
  for (const document of ranked) {
    if (last !== undefined && compareRank(rankOf(last), document) <= 0) break
    if (given.has(document.id)) continue
    const shard = shardOf(document.id)
    assert.ok(missing.has(shard), `${document.id}=${document.score} of shard ${shard} is left out, which is covered`)
  }
}

function eligibleOf({ ranked, shards, shardOf }: KnownVersion): number[] {
  const counts = Array.from({ length: shards }, () => 0)
  for (const { id } of ranked) counts[shardOf(id)]!++
  return counts
}
