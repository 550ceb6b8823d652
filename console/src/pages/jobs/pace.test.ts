import assert from 'node:assert/strict'
import type { GenerationDescription } from '@hypershard/contract'
import { paceOf } from './pace.ts'

function generation(progress: Partial<GenerationDescription['progress']>): GenerationDescription {
  const told = { documents_per_second: 0, seconds_left: null, backfill_total: 600, backfill_done: 100, lag: 10 }
  return { progress: { ...told, caught_up: false, problem: null, ...progress } } as GenerationDescription
}

describe('the pace of a build', () => {
  it('is what the coordinator says where nobody watches', () => {
    const told = paceOf(generation({ documents_per_second: 20, seconds_left: 25 }), [])
    assert.deepEqual(told, { documentsPerSecond: 20, secondsLeft: 25 })
    assert.deepEqual(paceOf(generation({}), []), { documentsPerSecond: 0, secondsLeft: null })
  })

  it('is that of the last events, so that it does not fall to nothing whenever a portion was written', () => {
    const { documentsPerSecond, secondsLeft } = paceOf(generation({}), [
      ...new Array(50).fill(900),
      ...new Array(14).fill(30),
      0,
    ])
    assert.deepEqual([documentsPerSecond, secondsLeft], [28, 510 / 28])
  })

  it('is the new one at once when it changes, as when a throttle is raised', () => {
    const told = generation({ documents_per_second: 900, seconds_left: 2 })
    assert.deepEqual(paceOf(told, [...new Array(14).fill(10), 900]), { documentsPerSecond: 900, secondsLeft: 2 })
  })

  it('takes the time that the coordinator tells while it tells one', () => {
    assert.equal(paceOf(generation({ documents_per_second: 30, seconds_left: 7 }), [30, 30]).secondsLeft, 7)
  })

  it('is over once the build has caught up', () => {
    assert.equal(paceOf(generation({ caught_up: true, lag: 0 }), [30]).secondsLeft, 0)
  })
})
