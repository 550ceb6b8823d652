import assert from 'node:assert/strict'
import fc from 'fast-check'
import { chooseBatch } from './choose-batch.ts'

describe('choosing the texts of a batch', () => {
  const cases = [
    { title: 'takes the only text', tokens: [5], budget: 5, expected: [5] },
    { title: 'takes all that fit', tokens: [3, 1, 2], budget: 9, expected: [1, 2, 3] },
    {
      title: 'leaves out what would make every row too long',
      tokens: [2, 100, 2, 2],
      budget: 100,
      expected: [2, 2, 2],
    },
    { title: 'prefers neighbours in length', tokens: [10, 30, 11, 1, 9], budget: 33, expected: [9, 10, 11] },
    { title: 'takes the oldest even when it goes with nobody', tokens: [8, 1, 1, 1], budget: 8, expected: [8] },
  ]
  for (const { title, tokens, budget, expected } of cases) {
    it(title, () => {
      const chosen = chooseBatch(tokens, budget).map(position => tokens[position])
      assert.deepEqual(chosen, expected)
    })
  }

  it('always has the oldest, nothing twice, stays in the budget, and cannot be grown', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 64, max: 512 }), (tokens, budget) => {
        const chosen = chooseBatch(tokens, budget)
        const longest = Math.max(...chosen.map(position => tokens[position]!))
        const rest = tokens.filter((_, position) => !chosen.includes(position))
        assert(chosen.includes(0))
        assert.equal(new Set(chosen).size, chosen.length)
        assert(chosen.length * longest <= budget)
        // Whoever is not longer than the batch is left out only because there is no room for one more.
        if (rest.some(length => length <= longest)) {
          const shortestLeft = Math.min(...rest.filter(length => length <= longest))
          const shortest = Math.min(...chosen.map(position => tokens[position]!))
          assert(shortestLeft <= shortest || (chosen.length + 1) * longest > budget)
          assert((chosen.length + 1) * longest > budget)
        }
      }),
    )
  })
})
