import assert from 'node:assert/strict'
import { FailedJobs } from './failed-jobs.ts'
import type { Job } from './job.ts'

const target = { index: 'papers', indexUid: 'u', generation: 1 }
const advance: Job = { kind: 'advance', ...target }
const compact: Job = { kind: 'compact', ...target }

describe('jobs that failed', () => {
  let nowMs: number
  let failed: FailedJobs

  beforeEach(() => {
    nowMs = 1_000
    failed = new FailedJobs({ now: () => nowMs, monotonicMs: () => nowMs })
  })

  it('wait before they are tried again, each for itself', () => {
    assert.equal(failed.note(advance), 200)
    assert.deepEqual([failed.mustWait(advance), failed.mustWait(compact)], [true, false])
    nowMs += 199
    assert.equal(failed.mustWait(advance), true)
    nowMs += 1
    assert.equal(failed.mustWait(advance), false)
  })

  it('wait twice as long each time in a row, and half a minute at most', () => {
    const waits = Array.from({ length: 10 }, () => failed.note(advance))
    assert.deepEqual(waits, [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000])
  })

  it('begin anew once they were done', () => {
    failed.note(advance)
    failed.note(advance)
    failed.forget(advance)
    assert.equal(failed.mustWait(advance), false)
    assert.equal(failed.note(advance), 200)
  })
})
