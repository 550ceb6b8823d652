import assert from 'node:assert/strict'
import { Deadline } from './deadline.ts'

/** A clock that moves only when told to. */
function fakeClock() {
  let nowMs = 1_000
  return {
    now: () => nowMs + 5_000_000,
    monotonicMs: () => nowMs,
    advance: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('Deadline', () => {
  it('counts down to zero and no further', () => {
    const clock = fakeClock()
    const deadline = Deadline.after(100, { clock })
    clock.advance(30)
    assert.equal(deadline.remainingMs, 70)
    assert.equal(deadline.passed, false)
    clock.advance(500)
    assert.equal(deadline.remainingMs, 0)
    assert.equal(deadline.passed, true)
  })

  it('is a date on the wall clock for gRPC', () => {
    const clock = fakeClock()
    const deadline = Deadline.after(250, { clock })
    clock.advance(50)
    assert.equal(deadline.toDate().getTime(), clock.now() + 200)
  })

  it('can end earlier, to leave room for what comes after a step', () => {
    const clock = fakeClock()
    assert.equal(Deadline.after(100, { clock }).earlier(40).remainingMs, 60)
  })

  it('can end within a time from now, by its own clock, and never later than it does', () => {
    const clock = fakeClock()
    const deadline = Deadline.after(100, { clock })
    const step = deadline.within(40)
    clock.advance(30)
    assert.equal(step.remainingMs, 10)
    assert.equal(deadline.within(500).remainingMs, 70)
  })

  it('can be ended by one more signal, and still by its own and by its own clock', () => {
    const clock = fakeClock()
    const [caller, work] = [new AbortController(), new AbortController()]
    const deadline = Deadline.after(100, { clock, signal: caller.signal })
    const [first, second] = [deadline.withSignal(work.signal), deadline.withSignal(new AbortController().signal)]
    clock.advance(30)
    assert.equal(first.remainingMs, 70)
    work.abort()
    assert.deepEqual([first.cancelled, second.cancelled, deadline.cancelled], [true, false, false])
    caller.abort()
    assert.equal(second.cancelled, true)
  })

  it('says what was not done when it has passed', () => {
    const clock = fakeClock()
    const deadline = Deadline.after(10, { clock })
    deadline.check('fan out')
    clock.advance(11)
    assert.throws(() => deadline.check('fan out'), { code: 'deadline_exceeded', message: /before: fan out/ })
  })

  it('ends when the caller goes away, whatever time is left', () => {
    const caller = new AbortController()
    const deadline = Deadline.after(1_000, { signal: caller.signal })
    const earlier = deadline.earlier(10)
    caller.abort()
    assert.equal(earlier.cancelled, true)
    assert.throws(() => deadline.check('merge'), { code: 'cancelled' })
  })
})
