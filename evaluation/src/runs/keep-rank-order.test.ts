import assert from 'node:assert/strict'
import fc from 'fast-check'
import { keepRankOrder } from './keep-rank-order.ts'
import { trecOrder } from './run.ts'

const score = fc.oneof(
  fc.constantFrom(null, 0, -0, 1, 1 + 2 ** -23, 1e-45, -1e-45, 3.4e38),
  fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e38) }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e38, max: 3.4e38 }),
)

/** An answer's hits: scores descending with ties, what was not finite last. */
const answer = fc.array(score).map(scores => {
  const sorted = scores.sort((a, b) => (b ?? Number.NEGATIVE_INFINITY) - (a ?? Number.NEGATIVE_INFINITY))
  return sorted.map((value, at) => ({ id: `d${at}`, score: value }))
})

describe('scores that keep the order of an answer', () => {
  it('bring it back from every reader that sorts by them, in 32 bits or 64', () => {
    fc.assert(
      fc.property(answer, hits => {
        const kept = keepRankOrder(hits)
        assert.deepEqual(
          trecOrder([...kept].reverse()).map(({ id }) => id),
          hits.map(({ id }) => id),
        )
        for (const [at, hit] of kept.entries()) {
          assert(Number.isFinite(hit.score) && Object.is(Math.fround(hit.score), hit.score))
          if (at > 0) assert(hit.score < kept[at - 1]!.score)
        }
      }),
      { numRuns: 500 },
    )
  })

  for (const { title, scores, expected } of [
    { title: 'leave scores without ties alone', scores: [3, 0.5, -1], expected: [3, 0.5, -1] },
    { title: 'step down at ties', scores: [1, 1, 1], expected: [1, 1 - 2 ** -24, 1 - 2 ** -23] },
    { title: 'step away from 0 below it', scores: [-1, -1], expected: [-1, -1 - 2 ** -23] },
    { title: 'pass through 0', scores: [2 ** -149, 2 ** -149, 0], expected: [2 ** -149, 0, -(2 ** -149)] },
    {
      title: 'put what is not finite below the rest',
      scores: [2, null, null],
      expected: [2, 2 - 2 ** -23, 2 - 2 ** -22],
    },
    { title: 'begin at 0 when nothing is finite', scores: [null, null], expected: [0, -(2 ** -149)] },
  ]) {
    it(title, () => {
      const kept = keepRankOrder(scores.map((value, at) => ({ id: `d${at}`, score: value })))
      assert.deepEqual(
        kept.map(hit => hit.score),
        expected,
      )
    })
  }
})

describe('the order in which trec_eval judges', () => {
  for (const { title, hits, expected } of [
    { title: 'is by score', hits: { a: 1, b: 2 }, expected: ['b', 'a'] },
    { title: 'is by id, last first, at the same score', hits: { a: 1, b: 1, c: 2 }, expected: ['c', 'b', 'a'] },
    { title: 'takes scores as 32-bit floats', hits: { a: 1 + 1e-9, b: 1 }, expected: ['b', 'a'] },
    { title: 'takes what 32 bits cannot hold as the same', hits: { a: 1e300, b: 1e200 }, expected: ['b', 'a'] },
    { title: 'compares ids by their bytes', hits: { '\uffee': 1, '\u{10000}': 1 }, expected: ['\u{10000}', '\uffee'] },
  ]) {
    it(title, () => {
      const scored = Object.entries(hits).map(([id, value]) => ({ id, score: value as number }))
      assert.deepEqual(
        trecOrder(scored).map(({ id }) => id),
        expected,
      )
    })
  }
})
