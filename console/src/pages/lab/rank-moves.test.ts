import assert from 'node:assert/strict'
import { overlapOf, rankMoves } from './rank-moves.ts'

const list = (...ids: string[]) => ids.map(id => ({ id }))

describe('two lists side by side', () => {
  it('say of each hit how it stands in the other', () => {
    assert.deepEqual(rankMoves(list('a', 'b', 'c'), list('c', 'a', 'd')), [
      { other: 2, by: 1 },
      { other: undefined, by: 0 },
      { other: 1, by: -2 },
    ])
  })

  it('are as alike as the documents that both have', () => {
    assert.equal(overlapOf(list('a', 'b', 'c', 'd'), list('b', 'a', 'x', 'y'), 10), 0.5)
    assert.equal(overlapOf(list('a', 'b'), list('a', 'b', 'c', 'd'), 10), 0.5)
    assert.equal(overlapOf(list('a', 'x'), list('a', 'y'), 1), 1)
    assert.equal(overlapOf([], [], 10), 1)
  })
})
