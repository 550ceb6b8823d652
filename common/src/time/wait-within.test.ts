import assert from 'node:assert/strict'
import { Deadline } from './deadline.ts'
import { waitWithin } from './wait-within.ts'

const never = () => new Promise<never>(() => undefined)

describe('waitWithin', () => {
  it('gives what the work gives, a failure too', async () => {
    assert.equal(await waitWithin(Promise.resolve(7), Deadline.after(1_000), 'working'), 7)
    const failure = new Error('as is')
    await assert.rejects(waitWithin(Promise.reject(failure), Deadline.after(1_000), 'working'), failure)
  })

  it('ends at the deadline and names the step', async () => {
    await assert.rejects(waitWithin(never(), Deadline.after(20), 'loading'), {
      code: 'deadline_exceeded',
      message: /during: loading/,
    })
  })

  it('ends when the caller goes away, also when that was before', async () => {
    const caller = new AbortController()
    const deadline = Deadline.after(1_000, { signal: caller.signal })
    const waiting = waitWithin(never(), deadline, 'loading')
    caller.abort()
    await assert.rejects(waiting, { code: 'cancelled' })
    await assert.rejects(waitWithin(never(), deadline, 'loading'), { code: 'cancelled' })
  })
})
