import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { Lateness, type Progress } from './lateness.ts'

describe('waiting for shards that are late', () => {
  let nowMs: number
  const clock = { now: () => nowMs, monotonicMs: () => nowMs }

  beforeEach(() => {
    nowMs = 0
  })

  function waits(minCoverage: number, steps: readonly (readonly [atMs: number, progress: Partial<Progress>])[]) {
    const lateness = new Lateness(minCoverage)
    const deadline = Deadline.after(10_000, { clock })
    return steps.map(([atMs, progress]) => {
      nowMs = atMs
      return lateness.waitMs({ eligible: 1_000, covered: 0, pending: 1_000, ...progress }, deadline)
    })
  }

  it('goes on until the deadline while less than min_coverage is searched', () => {
    assert.deepEqual(waits(0.5, [[100, { covered: 499, pending: 501 }]]), [undefined])
  })

  it('goes on until the deadline where everything is to be searched', () => {
    assert.deepEqual(waits(1, [[100, { covered: 999, pending: 1 }]]), [undefined])
  })

  it('then takes a share of the time that was left, as large as what is missing of what may be missing', () => {
    assert.deepEqual(waits(0.5, [[0, { covered: 500, pending: 500 }]]), [10_000])
    assert.deepEqual(waits(0.5, [[0, { covered: 750, pending: 250 }]]), [5_500])
    assert.deepEqual(waits(0, [[2_000, { covered: 900, pending: 100 }]]), [0.19 * 8_000])
  })

  it('is never less than a tenth of that time', () => {
    assert.deepEqual(waits(0, [[0, { covered: 1_000, pending: 0.001 }]]), [10_000 * (0.1 + 0.9e-6)])
  })

  it('gets shorter with every answer and never longer', () => {
    const steps = waits(0, [
      [0, { covered: 500, pending: 500 }],
      [1_000, { covered: 750, pending: 250 }],
      [1_500, { covered: 500, pending: 500 }],
      [9_000, { covered: 750, pending: 250 }],
    ])
    assert.deepEqual(steps, [5_500, 3_250, 2_750, 0])
  })

  it('is not for shards that have failed: nobody waits for those', () => {
    assert.deepEqual(waits(0.5, [[0, { covered: 600, pending: 0 }]]), [undefined])
  })
})
