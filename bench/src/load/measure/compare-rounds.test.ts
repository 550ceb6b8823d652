import assert from 'node:assert/strict'
import { p50Difference, p50Ratio, qpsRatio } from './compare-rounds.ts'

const row = (qpsOfRounds: number[], p50MsOfRounds: (number | null)[]) => ({ qpsOfRounds, p50MsOfRounds })

describe('rounds in which two took turns', () => {
  it('are compared one by one, and a slow moment that hits one of them weighs little', () => {
    const ours = row([100, 90, 10], [10, 11, 90])
    const theirs = row([50, 45, 50], [5, 5, 5])
    assert.equal(qpsRatio(ours, theirs), 2)
    assert.equal(p50Ratio(ours, theirs), 2.2)
    assert.equal(p50Difference(ours, theirs), 6)
  })

  it('tell nothing where one answered nothing', () => {
    assert.ok(Number.isNaN(p50Ratio(row([0], [null]), row([5], [5]))))
  })
})
