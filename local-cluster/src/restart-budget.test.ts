import assert from 'node:assert/strict'
import { RestartBudget } from './restart-budget.ts'

describe('the restart budget', () => {
  it('gives five restarts a minute, after waits that double', () => {
    const budget = new RestartBudget()
    const waits = [0, 1, 2, 3, 4, 5].map(second => budget.take(second * 1_000))
    assert.deepEqual(waits, [100, 200, 400, 800, 1_600, undefined])
  })

  it('forgets restarts after a minute', () => {
    const budget = new RestartBudget()
    for (let second = 0; second < 5; second++) budget.take(second)
    assert.equal(budget.take(70_000), 100)
  })
})
