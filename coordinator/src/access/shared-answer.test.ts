import assert from 'node:assert/strict'
import { Deadline, HypershardError } from '@hypershard/common'
import { SharedAnswer } from './shared-answer.ts'

describe('an answer that is shared', () => {
  let nowMs: number
  let asked: PromiseWithResolvers<string>[]
  let shared: SharedAnswer<string>
  const soon = () => Deadline.after(60_000)

  beforeEach(() => {
    nowMs = 0
    asked = []
    shared = new SharedAnswer(
      () => {
        const question = Promise.withResolvers<string>()
        asked.push(question)
        return question.promise
      },
      { now: () => nowMs, monotonicMs: () => nowMs },
    )
  })

  it('is asked for once by all who wait for it, however long it takes', async () => {
    const first = shared.get(soon())
    nowMs += 5_000
    const second = shared.get(soon())
    asked[0]!.resolve('ready')
    assert.deepEqual(await Promise.all([first, second]), ['ready', 'ready'])
    assert.equal(asked.length, 1)
  })

  it('is good for a second from when it came, and then asked for anew', async () => {
    const first = shared.get(soon())
    asked[0]!.resolve('ready')
    await first
    nowMs += 999
    assert.equal(await shared.get(soon()), 'ready')
    nowMs += 1
    const next = shared.get(soon())
    assert.equal(asked.length, 2)
    asked[1]!.resolve('ready again')
    assert.equal(await next, 'ready again')
  })

  it('may be a failure, for as long', async () => {
    const first = shared.get(soon())
    asked[0]!.reject(new HypershardError('unavailable', 'not ready'))
    await assert.rejects(first, { code: 'unavailable' })
    await assert.rejects(shared.get(soon()), { code: 'unavailable' })
    assert.equal(asked.length, 1)
  })

  it('is given to others when who asked first goes away', async () => {
    const gone = new AbortController()
    const first = shared.get(Deadline.after(60_000, { signal: gone.signal }))
    const second = shared.get(soon())
    gone.abort()
    await assert.rejects(first, { code: 'cancelled' })
    asked[0]!.resolve('ready')
    assert.equal(await second, 'ready')
  })
})
