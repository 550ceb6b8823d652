import assert from 'node:assert/strict'
import { HypershardError } from './errors/hypershard-error.ts'
import { retryOnConflict } from './retry-on-conflict.ts'
import { Deadline } from './time/deadline.ts'

/** A clock that moves only by the pauses that are asked of it. */
function clockOfPauses() {
  const pauses: number[] = []
  let nowMs = 0
  return {
    pauses,
    now: () => nowMs,
    monotonicMs: () => nowMs,
    pause: async (ms: number) => {
      pauses.push(ms)
      nowMs += ms
    },
  }
}

/** Fails so often before it succeeds. */
function attemptAfter(failures: number, code: 'conflict' | 'storage_failed') {
  let made = 0
  return async () => {
    if (++made <= failures) throw new HypershardError(code, 'told to fail')
    return made
  }
}

describe('trying a compare-and-set again', () => {
  it('goes on until nobody else came first', async () => {
    const clock = clockOfPauses()
    assert.equal(await retryOnConflict({ attemptsMax: 5, clock }, attemptAfter(4, 'conflict')), 5)
  })

  it('gives up after so many times, with the conflict', async () => {
    const clock = clockOfPauses()
    const attempt = attemptAfter(3, 'conflict')
    await assert.rejects(retryOnConflict({ attemptsMax: 3, clock }, attempt), { code: 'conflict' })
    assert.equal(clock.pauses.length, 2)
  })

  it('passes any other failure on at once', async () => {
    const clock = clockOfPauses()
    const attempt = attemptAfter(1, 'storage_failed')
    await assert.rejects(retryOnConflict({ attemptsMax: 3, clock }, attempt), { code: 'storage_failed' })
    assert.deepEqual(clock.pauses, [])
  })

  it('pauses a drawn share of a time that doubles up to a bound', async () => {
    const clock = clockOfPauses()
    await retryOnConflict({ attemptsMax: 20, clock, random: () => 0.5 }, attemptAfter(9, 'conflict'))
    assert.deepEqual(clock.pauses, [1, 2, 4, 8, 16, 32, 50, 50, 50])
  })

  it('draws each pause anew, so that two who lost together do not come back together', async () => {
    const draws = [0.25, 0.75]
    const clock = clockOfPauses()
    await retryOnConflict({ attemptsMax: 3, clock, random: () => draws.shift()! }, attemptAfter(2, 'conflict'))
    assert.deepEqual(clock.pauses, [0.5, 3])
  })

  it('ends with the deadline, by the deadline’s clock', async () => {
    const clock = clockOfPauses()
    const deadline = Deadline.after(10, { clock })
    const attempt = attemptAfter(100, 'conflict')
    const retrying = retryOnConflict({ attemptsMax: 100, deadline, random: () => 0.5 }, attempt)
    await assert.rejects(retrying, { code: 'deadline_exceeded' })
    assert.deepEqual(clock.pauses, [1, 2, 4])
  })

  it('tries nothing for a caller who went away', async () => {
    const caller = new AbortController()
    caller.abort()
    const deadline = Deadline.after(10, { clock: clockOfPauses(), signal: caller.signal })
    let tried = 0
    const retrying = retryOnConflict({ attemptsMax: 3, deadline }, async () => ++tried)
    await assert.rejects(retrying, { code: 'cancelled' })
    assert.equal(tried, 0)
  })
})
