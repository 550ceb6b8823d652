import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { HedgeBudget } from './hedge-budget.ts'

describe('the budget of hedges', () => {
  it('is one in twenty calls, saved up to ten', () => {
    const budget = new HedgeBudget()
    const spendAll = () => {
      let spent = 0
      while (budget.spend()) spent++
      return spent
    }
    const earn = (calls: number) => {
      for (let call = 0; call < calls; call++) budget.earn()
      return budget.fill
    }
    assert.equal(spendAll(), 0)
    assert.deepEqual([earn(19), spendAll(), earn(1), spendAll()], [19 / 200, 0, 20 / 200, 1])
    assert.deepEqual([earn(100_000), spendAll()], [1, 10])
  })

  it('is another share of the calls where that is set, and none at all', () => {
    const hedgesOf = (percent: number) => {
      const budget = new HedgeBudget(percent)
      return Array.from({ length: 200 }, () => {
        budget.earn()
        return budget.spend()
      }).filter(Boolean).length
    }
    assert.deepEqual([0, 1, 5, 100].map(hedgesOf), [0, 2, 10, 200])
  })

  it('is kept: of all calls at most 5 %, of any window those and the ten that were saved', () => {
    const property = fc.property(fc.array(fc.boolean(), { maxLength: 2_000 }), fc.nat(400), (events, before) => {
      const budget = new HedgeBudget()
      for (let call = 0; call < before; call++) budget.earn()
      // By event: 1 for a call, and whether it was hedged.
      const hedged = events.map(tries => {
        budget.earn()
        return tries && budget.spend()
      })
      let most = Number.NEGATIVE_INFINITY
      let excess = 0
      for (const spent of hedged) {
        // The largest excess of any window that ends here (Kadane).
        excess = Math.max(0, excess) + (spent ? 1 : 0) - 0.05
        most = Math.max(most, excess)
      }
      const all = hedged.filter(Boolean).length
      assert.ok(most <= 10 + 1e-6, `${most} more than 5 % in a window`)
      assert.ok(all <= 0.05 * (events.length + before) + 1e-6, `${all} of ${events.length + before}`)
    })
    fc.assert(property, { numRuns: casesOf({ usual: 50, thorough: 1_000 }) })
  })
})
