import assert from 'node:assert/strict'
import { Deadline, systemClock } from '@hypershard/common'
import { Throttle } from './throttle.ts'

describe('the throttle', () => {
  it('lets documents through at the rate it is given, and follows a change of it', async () => {
    let rate: number | null = 100
    let nowMs = 1_000
    const clock = { now: () => nowMs, monotonicMs: () => nowMs }
    const pause = async (ms: number) => {
      nowMs += ms
    }
    const throttle = new Throttle(clock, async () => rate, pause)
    const takenAtMs: number[] = []
    const take = async (documents: number) => {
      await throttle.take(documents, Deadline.after(5_000, { clock }))
      takenAtMs.push(nowMs)
    }
    for (let batch = 0; batch < 4; batch++) await take(5)
    // The first at once, each other 50 ms after the one before.
    assert.deepEqual(takenAtMs.splice(0), [1_000, 1_050, 1_100, 1_150])
    rate = null
    for (let batch = 0; batch < 3; batch++) await take(1_000)
    assert.deepEqual(takenAtMs.splice(0), [1_150, 1_150, 1_150])
    rate = 10
    for (let batch = 0; batch < 2; batch++) await take(5)
    assert.deepEqual(takenAtMs, [1_200, 1_700])
  })

  it('does not wait beyond the deadline', async () => {
    const throttle = new Throttle(systemClock, async () => 1)
    await throttle.take(100, Deadline.after(60_000))
    await assert.rejects(throttle.take(1, Deadline.after(60_000)), { code: 'deadline_exceeded' })
  })
})
