import assert from 'node:assert/strict'
import type { SearchAnswer } from '@hypershard/contract'
import { shardOf } from '@hypershard/storage'
import { judgeAnswer } from './judge-answer.ts'

const shards = 2
const ranked = Array.from({ length: 12 }, (_, at) => ({ id: `d${at}`, score: 12 - at }))
const texts = new Map(ranked.map(({ id }) => [id, `text of ${id}`]))
const ofShard = (shard: number) => ranked.filter(({ id }) => shardOf(id, shards) === shard)
const body = (minCoverage?: number) => JSON.stringify({ query: 'q', k: 4, min_coverage: minCoverage })

function answer(hits: readonly { id: string; score: number }[], missing: readonly number[] = []): SearchAnswer {
  const documentsMissing = missing.reduce((sum, shard) => sum + ofShard(shard).length, 0)
  const scored = ranked.length - documentsMissing
  return {
    hits: hits.slice(0, 4),
    coverage: {
      documents_eligible: ranked.length,
      documents_matched: ranked.length,
      documents_scored: scored,
      documents_scanned: 0,
      documents_walked: 0,
      ratio: scored / ranked.length,
      non_finite_scores: 0,
      missing: missing.map(shard => ({
        shard,
        server: 'a:1',
        code: 'unavailable',
        message: 'gone',
        documents_missing: ofShard(shard).length,
      })),
    },
    plan: 'exact',
    took_ms: 1,
    manifest_version: 3,
    query_truncated: false,
    query_tokens: 1,
    query_unknown_tokens: 0,
    cached: false,
    next_cursor: null,
  }
}

const judge = (given: SearchAnswer, minCoverage?: number) =>
  judgeAnswer(given, body(minCoverage), { shards, ranked, texts })?.error

describe('the judge of an answer', () => {
  it('has nothing against the best of all', () => assert.equal(judge(answer(ranked)), undefined))

  it('tells an answer that covers less, though its hits are right', () => {
    assert.equal(judge(answer(ofShard(1), [0]), 0), 'partial_answer')
  })

  it('finds one wrong that covers less than was asked for', () => {
    assert.equal(judge(answer(ofShard(1), [0])), 'wrong_answer')
  })

  it('finds one wrong that leaves out a document of a shard that counts as covered', () => {
    assert.equal(judge(answer(ranked.slice(1))), 'wrong_answer')
    assert.equal(judge(answer(ofShard(1).slice(1), [0]), 0), 'wrong_answer')
  })

  it('finds one wrong with a score that is another', () => {
    assert.equal(judge(answer([{ id: 'd0', score: 11.5 }, ...ranked.slice(1)])), 'wrong_answer')
  })

  it('finds one wrong with the text of another document', () => {
    const given = answer(ranked)
    const withText = (text: string) => ({
      ...given,
      hits: given.hits.map((hit, at) => (at === 0 ? { ...hit, text } : hit)),
    })
    assert.equal(judge(withText('text of d0')), undefined)
    assert.equal(judge(withText('text of d1')), 'wrong_answer')
  })

  it('looks at the coverage alone where nobody knows what is right', () => {
    assert.equal(judgeAnswer(answer(ranked.slice(1)), body(), undefined), undefined)
    assert.equal(judgeAnswer(answer(ranked, [0]), body(), undefined)?.error, 'partial_answer')
  })
})
