import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AnsweredHit } from '../runs/keep-rank-order.ts'
import { type HitJoin, hitJoins, joinHits } from './join-hits.ts'

const hitsOf = (scores: Readonly<Record<string, number | null>>): AnsweredHit[] =>
  Object.entries(scores).map(([id, score]) => ({ id, score }))
const idsOf = (hits: readonly AnsweredHit[]) => hits.map(({ id }) => id).join(' ')

/** The second piece has scores ten times as wide, about another mean. */
const pieces = [hitsOf({ a: 3, b: 2.5, c: 0, d: -0.5 }), hitsOf({ d: 40, c: 31, b: 20, a: 19 })]

describe('rankings of pieces', () => {
  for (const { join, ids } of [
    { join: 'sum', ids: 'd c b a' },
    { join: 'maximum', ids: 'd c b a' },
    { join: 'standard-sum', ids: 'd a b c' },
    { join: 'standard-maximum', ids: 'd a b c' },
    { join: 'rank', ids: 'a d b c' },
  ] satisfies { join: HitJoin; ids: string }[]) {
    it(`are joined by their ${join}`, () => {
      assert.equal(idsOf(joinHits(pieces, { join, limit: 4 })), ids)
      assert.equal(idsOf(joinHits(pieces, { join, limit: 1 })), ids[0])
    })
  }

  it('count a document that one lacks as its last there, but in no maximum', () => {
    const [first, second] = [hitsOf({ a: 3, b: 1 }), hitsOf({ c: 5, b: 2 })]
    assert.deepEqual(joinHits([first, second], { join: 'sum', limit: 3 }), hitsOf({ c: 6, a: 5, b: 3 }))
    assert.deepEqual(joinHits([first, second], { join: 'maximum', limit: 3 }), hitsOf({ c: 5, a: 3, b: 2 }))
    const high = [hitsOf({ a: 3 }), hitsOf({ b: 9, c: 7 })]
    assert.equal(idsOf(joinHits(high, { join: 'maximum', limit: 3 })), 'b c a')
  })

  it('are joined where all scores are equal, or not finite', () => {
    const flat = [hitsOf({ b: 1, a: 1 }), hitsOf({ a: null, b: null })]
    for (const join of hitJoins.filter(of => of !== 'rank')) {
      assert.equal(idsOf(joinHits(flat, { join, limit: 2 })), 'a b', join)
    }
  })

  it('stay as they are where there is one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...hitJoins), fc.uniqueArray(fc.integer(), { minLength: 1 }), (join, scores) => {
        const ranking = scores.sort((a, b) => b - a).map(score => ({ id: `d${score}`, score }))
        assert.equal(idsOf(joinHits([ranking], { join, limit: scores.length })), idsOf(ranking))
      }),
    )
  })
})
