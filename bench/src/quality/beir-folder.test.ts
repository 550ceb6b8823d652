import assert from 'node:assert/strict'
import { ndcg } from './beir-folder.ts'

describe('ndcg', () => {
  const grades = new Map([
    ['a', 2],
    ['b', 1],
    ['c', 0],
    ['d', -1],
  ])
  for (const { ranked, expected } of [
    { ranked: ['a', 'b'], expected: 1 },
    { ranked: ['b', 'a'], expected: (1 + 2 / Math.log2(3)) / (2 + 1 / Math.log2(3)) },
    { ranked: ['x', 'd', 'c'], expected: 0 },
    { ranked: [], expected: 0 },
  ]) {
    it(`of ${ranked.join(', ') || 'nothing'} is ${expected.toFixed(3)}`, () => {
      assert(Math.abs(ndcg(ranked, grades, 10) - expected) < 1e-12)
    })
  }

  it('looks no deeper than it is told, at the ideal either', () => {
    assert.equal(ndcg(['a'], grades, 1), 1)
  })

  it('is 0 where nothing is relevant', () => {
    assert.equal(ndcg(['c'], new Map([['c', 0]]), 10), 0)
  })
})
