import assert from 'node:assert/strict'
import { compareRank, type RankPosition } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { mergeTopHits } from './merge-top-hits.ts'

/** Few scores, so that ties are common; all kinds of non-finite ones; ids that UTF-8 and UTF-16 order differently. */
const scores = fc.constantFrom(1.5, 1, 0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
const ids = fc.string({ unit: fc.constantFrom('a', 'b', 'z', '\uffff', '\u{10000}', 'é'), minLength: 1, maxLength: 4 })
const hits = fc.uniqueArray(fc.record({ id: ids, score: scores }), { selector: hit => hit.id, maxLength: 60 })

/** The order said in other words, by decorated sort keys. */
function naiveTop(all: readonly RankPosition[], limit: number): RankPosition[] {
  const byBytes = [...all].sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
  const finite = byBytes.filter(hit => Number.isFinite(hit.score)).sort((a, b) => b.score - a.score)
  return [...finite, ...byBytes.filter(hit => !Number.isFinite(hit.score))].slice(0, limit)
}

describe('mergeTopHits', () => {
  it('gives the same answer for any split of the hits into shards', () => {
    fc.assert(
      fc.property(hits, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 70 }), (all, shards, limit) => {
        const lists = Array.from({ length: shards }, (_, shard) =>
          all
            .filter((_hit, at) => (at * 7 + 3) % shards === shard)
            .sort(compareRank)
            .slice(0, limit),
        )
        assert.deepEqual(mergeTopHits(lists, limit), naiveTop(all, limit))
      }),
      { numRuns: casesOf({ usual: 500, thorough: 5000 }) },
    )
  })

  it('gives nothing for no lists', () => {
    assert.deepEqual(mergeTopHits([], 10), [])
  })
})
