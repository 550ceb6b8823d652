import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { Throttle } from './throttle.ts'

describe('the throttle', () => {
  it('lets documents through at the rate it is given, and follows a change of it', async () => {
    let rate: number | null = 100
    const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
    const throttle = new Throttle(clock, async () => rate)
    const startMs = performance.now()
    for (let batch = 0; batch < 4; batch++) await throttle.take(5, Deadline.after(5_000))
    // The first at once, each other 50 ms after the one before.
    assert.ok(performance.now() - startMs >= 145, `${performance.now() - startMs} ms`)
    rate = null
    const freeMs = performance.now()
    for (let batch = 0; batch < 50; batch++) await throttle.take(1_000, Deadline.after(5_000))
    assert.ok(performance.now() - freeMs < 1_000)
  })

  it('does not wait beyond the deadline', async () => {
    const throttle = new Throttle({ now: () => 0, monotonicMs: () => performance.now() }, async () => 1)
    await throttle.take(100, Deadline.after(1_000))
    await assert.rejects(throttle.take(1, Deadline.after(20)), { code: 'deadline_exceeded' })
  })
})
