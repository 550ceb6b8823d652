import assert from 'node:assert/strict'
import { recallOf } from './ask-both.ts'

const hit = (id: string, score: number) => ({ id, score })
const exact = [hit('a', 3), hit('b', 2), hit('c', 1)]

describe('recall', () => {
  const cases = [
    { what: 'all of them', found: exact, recall: 1 },
    { what: 'two of three', found: [hit('a', 3), hit('c', 1), hit('x', 0.5)], recall: 2 / 3 },
    { what: 'one that ties with the last in its place', found: [hit('a', 3), hit('b', 2), hit('x', 1)], recall: 1 },
    { what: 'no more than there are', found: [...exact, hit('x', 1)], recall: 1 },
    { what: 'nothing', found: [], recall: 0 },
  ]
  for (const { what, found, recall } of cases) {
    it(`is ${recall.toFixed(2)} with ${what}`, () => assert.equal(recallOf(found, exact), recall))
  }

  it('is whole where exact scoring finds nothing', () => assert.equal(recallOf([], []), 1))
})
