import assert from 'node:assert/strict'
import { Deadline, HypershardError } from '@hypershard/common'
import { Throttle } from './throttle.ts'

/** A throttle on a clock that goes on when somebody waits, one after the other. */
function makeThrottle(first: number | null) {
  const state = { rate: first, nowMs: 1_000 }
  const clock = { now: () => state.nowMs, monotonicMs: () => state.nowMs }
  const pause = async (ms: number, deadline: Deadline) => {
    if (deadline.remainingMs <= ms) throw new HypershardError('deadline_exceeded', 'no time left')
    state.nowMs += ms
  }
  const throttle = new Throttle(clock, pause)
  const rateOf = async () => state.rate
  const take = async (documents: number, ms = 60_000, onWait?: () => void) => {
    await throttle.take(documents, Deadline.after(ms, { clock }), rateOf, onWait)
    return Math.round(state.nowMs)
  }
  return { state, take }
}

describe('the throttle', () => {
  it('lets documents through at the rate it is given, and follows a change of it', async () => {
    const { state, take } = makeThrottle(100)
    const takeAll = async (batches: readonly number[]) => {
      const times: number[] = []
      for (const documents of batches) times.push(await take(documents))
      return times
    }
    // The first at once, each other 50 ms after the one before.
    assert.deepEqual(await takeAll([5, 5, 5, 5]), [1_000, 1_050, 1_100, 1_150])
    state.rate = null
    assert.deepEqual(await takeAll([1_000, 1_000, 1_000]), [1_150, 1_150, 1_150])
    state.rate = 10
    assert.deepEqual(await takeAll([5, 5, 5]), [1_150, 1_650, 2_150])
  })

  it('gives nobody the time back in which nothing was asked for', async () => {
    const { state, take } = makeThrottle(10)
    assert.equal(await take(5), 1_000)
    state.nowMs = 60_000
    assert.equal(await take(5), 60_000)
    assert.equal(await take(5), 60_500)
  })

  it('ends the wait of who waits already, within a second, when the rate is raised', async () => {
    const { state, take } = makeThrottle(0.1)
    await take(64)
    let waits = 0
    const raised = await take(64, 3_600_000, () => {
      if (++waits === 3) state.rate = 1_000
    })
    // Without that it were 640 s.
    assert(raised <= 1_000 + 4_000, `${raised} ms`)
    state.rate = 0.1
    const lifted = await take(64, 3_600_000, () => {
      state.rate = null
    })
    assert(lifted <= raised + 1_000, `${lifted} ms`)
  })

  it('is one for all who take from it', async () => {
    const { state, take } = makeThrottle(20)
    const times = await Promise.all(Array.from({ length: 4 }, () => take(10)))
    // Pauses here follow each other, so that they end no earlier than in truth.
    assert(Math.max(...times) >= 2_500, `${times}`)
    const before = state.nowMs
    await take(10)
    assert(state.nowMs - before <= 500)
  })

  it('does not wait beyond the deadline, nor have others wait for who gave up', async () => {
    const { state, take } = makeThrottle(1)
    await take(100)
    await assert.rejects(take(50, 10_000), { code: 'deadline_exceeded' })
    const left = 1_000 + 100_000 - state.nowMs
    const before = state.nowMs
    await take(1, 600_000)
    assert.equal(Math.round(state.nowMs - before), left)
  })
})
