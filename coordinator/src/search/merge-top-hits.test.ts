import assert from 'node:assert/strict'
import fc from 'fast-check'
import { mergeTopHits } from './merge-top-hits.ts'
import { compareRanked, type Ranked } from './rank-order.ts'

/** Few scores, so that ties are common; all kinds of non-finite ones; ids that UTF-8 and UTF-16 order differently. */
const scores = fc.constantFrom(1.5, 1, 0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
const ids = fc.string({ unit: fc.constantFrom('a', 'b', 'z', '\uffff', '\u{10000}', 'é'), minLength: 1, maxLength: 4 })
const hits = fc.uniqueArray(fc.record({ id: ids, score: scores }), { selector: hit => hit.id, maxLength: 60 })

/** The order said in other words, by decorated sort keys. */
function naiveTop(all: readonly Ranked[], limit: number): Ranked[] {
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
            .sort(compareRanked)
            .slice(0, limit),
        )
        assert.deepEqual(mergeTopHits(lists, limit), naiveTop(all, limit))
      }),
      { numRuns: 500 },
    )
  })

  it('gives nothing for no lists', () => {
    assert.deepEqual(mergeTopHits([], 10), [])
  })
})

describe('compareRanked', () => {
  const cases = [
    { first: { id: 'b', score: 2 }, second: { id: 'a', score: 1 }, why: 'the higher score comes first' },
    { first: { id: 'a', score: 1 }, second: { id: 'b', score: 1 }, why: 'ties go by id' },
    { first: { id: 'a', score: 0 }, second: { id: 'b', score: -0 }, why: 'zero has no sign' },
    { first: { id: 'z', score: -9 }, second: { id: 'a', score: Number.NaN }, why: 'NaN comes last' },
    { first: { id: 'z', score: -9 }, second: { id: 'a', score: Number.POSITIVE_INFINITY }, why: 'infinity too' },
    { first: { id: '\uffff', score: 1 }, second: { id: '\u{10000}', score: 1 }, why: 'ids go by UTF-8 bytes' },
  ]
  for (const { first, second, why } of cases) {
    it(`orders so that ${why}`, () => {
      assert.ok(compareRanked(first, second) < 0)
      assert.ok(compareRanked(second, first) > 0)
    })
  }
})
