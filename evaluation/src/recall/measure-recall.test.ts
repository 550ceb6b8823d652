import assert from 'node:assert/strict'
import type { SearchAnswer } from '@hypershard/contract'
import { type AskedTwice, measureRecall } from './measure-recall.ts'

type Scores = Readonly<Record<string, number>>

function answerOf(scores: Scores, fan_out_ms = 1, manifest_version = 1): SearchAnswer {
  const hits = Object.entries(scores).map(([id, score]) => ({ id, score }))
  const coverage = { documents_scored: hits.length * 10 } as SearchAnswer['coverage']
  const profile = { fan_out_ms } as NonNullable<SearchAnswer['profile']>
  return {
    ...({} as SearchAnswer),
    hits,
    coverage,
    profile,
    manifest_version,
    query_truncated: false,
    query_tokens: 2,
    query_unknown_tokens: 0,
  }
}

const asked = (id: string, exact: Scores, tested: Scores): AskedTwice => {
  return { id, text: `text of ${id}`, exact: answerOf(exact), tested: answerOf(tested) }
}

describe('measureRecall', () => {
  it('counts the exact hits that were found, and tells the queries that lack most first', () => {
    const measured = measureRecall([
      asked('all', { a: 3, b: 2 }, { a: 3, b: 2 }),
      asked('half', { a: 3, b: 2 }, { b: 2, c: 1 }),
      asked('none', { a: 3, b: 2 }, { c: 1 }),
    ])
    assert.equal(measured.recall, 0.5)
    // Of 1, 0.5 and 0 the standard deviation is 0.5.
    assert.ok(Math.abs(measured.standard_error! - 0.5 / Math.sqrt(3)) < 1e-12)
    assert.deepEqual([measured.queries, measured.queries_whole, measured.queries_lost], [3, 1, 1])
    assert.deepEqual(
      measured.per_query.map(({ id, hits, found }) => [id, hits, found]),
      [
        ['none', 2, 0],
        ['half', 2, 1],
        ['all', 2, 2],
      ],
    )
  })

  it('takes a document with the score of the last hit for as good as that', () => {
    assert.equal(measureRecall([asked('tie', { a: 3, b: 2 }, { a: 3, c: 2 })]).recall, 1)
    assert.equal(measureRecall([asked('tie', { a: 2, b: 2 }, { c: 2, d: 2, e: 2 })]).recall, 1)
    assert.equal(measureRecall([asked('ties for one', { a: 3, b: 2 }, { c: 2, d: 2 })]).recall, 0.5)
    assert.equal(measureRecall([asked('better', { a: 3, b: 2 }, { a: 3, c: 2.5 })]).recall, 0.5)
  })

  it('leaves out queries that have no hits, and has no recall where none has', () => {
    const empty = asked('empty', {}, {})
    const { recall, queries, queries_without_hits } = measureRecall([asked('one', { a: 1 }, { a: 1 }), empty])
    assert.deepEqual([recall, queries, queries_without_hits], [1, 2, 1])
    const { recall: none, standard_error } = measureRecall([empty])
    assert.deepEqual([none, standard_error], [null, null])
  })

  it('tells medians of times, means of documents, and every version that was seen', () => {
    const measured = measureRecall(
      [5, 1, 2, 9].map((ms, at) => ({
        id: `${at}`,
        text: '',
        exact: answerOf({ a: 2, b: 1 }, 10 * ms, 3),
        tested: answerOf({ a: 2 }, ms, 4),
      })),
    )
    assert.deepEqual([measured.fan_out_ms, measured.exact_fan_out_ms], [3.5, 35])
    assert.deepEqual([measured.documents_scored, measured.exact_documents_scored], [10, 20])
    assert.deepEqual(measured.manifest_versions, [3, 4])
  })
})
