import assert from 'node:assert/strict'
import { silentLogger } from './logging.ts'
import { RequestContext } from './request-context.ts'
import { Deadline } from './time/deadline.ts'

const clock = { now: () => 0, monotonicMs: () => 1_000 }

describe('RequestContext', () => {
  it('gives a step less time or one more signal, and itself stays as it was', () => {
    const [caller, work] = [new AbortController(), new AbortController()]
    const log = silentLogger()
    const context = new RequestContext({ deadline: Deadline.after(100, { clock, signal: caller.signal }), log })
    const steps = [context.earlier(40), context.within(30), context.within(500), context.withSignal(work.signal)]
    const msLeft = steps.map(step => step.deadline.remainingMs)
    assert.deepEqual([msLeft, context.deadline.remainingMs], [[60, 30, 100, 100], 100])
    work.abort()
    assert.deepEqual(
      steps.map(step => step.deadline.cancelled),
      [false, false, false, true],
    )
    caller.abort()
    assert(steps.every(step => step.deadline.cancelled && step.log === log))
  })

  it('cannot be changed by a step', () => {
    const context = new RequestContext({ deadline: Deadline.after(100, { clock }), log: silentLogger() })
    assert.throws(() => Object.assign(context, { deadline: Deadline.after(9_999) }), TypeError)
  })
})
