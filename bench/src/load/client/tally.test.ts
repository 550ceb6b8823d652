import assert from 'node:assert/strict'
import { Tally } from './tally.ts'

const window = { fromMs: 100, toMs: 200 }

describe('the tally of a job', () => {
  it('counts for the rate what is answered within the measured time, whenever it was sent', () => {
    const tally = new Tally(window)
    tally.add({ intendedMs: 90, doneMs: 110, error: undefined })
    tally.add({ intendedMs: 150, doneMs: 199, error: undefined })
    tally.add({ intendedMs: 190, doneMs: 230, error: undefined })
    assert.equal(tally.completed, 2)
  })

  it('keeps the latency of what was meant to be sent within it, however long the answer took', () => {
    const tally = new Tally(window)
    tally.add({ intendedMs: 90, doneMs: 110, error: undefined })
    tally.add({ intendedMs: 190, doneMs: 5_190, error: undefined })
    assert.deepEqual([...tally.latenciesMs], [5_000])
  })

  it('counts errors by code, and neither their latency nor their rate', () => {
    const tally = new Tally(window)
    for (const error of ['overloaded', 'overloaded', 'client_timeout'])
      tally.add({ intendedMs: 100, doneMs: 101, error })
    tally.add({ intendedMs: 99, doneMs: 101, error: 'overloaded' })
    assert.deepEqual(tally.errors, { overloaded: 2, client_timeout: 1 })
    assert.deepEqual([tally.completed, tally.latenciesMs.length], [0, 0])
  })
})
