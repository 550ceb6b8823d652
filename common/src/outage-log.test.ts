import assert from 'node:assert/strict'
import { captureLog } from '@hypershard/harness'
import { HypershardError } from './errors/hypershard-error.ts'
import { OutageLog } from './outage-log.ts'

describe('the log of an outage', () => {
  let nowMs: number
  let lines: Record<string, unknown>[]
  let outage: OutageLog

  beforeEach(() => {
    nowMs = 0
    const captured = captureLog()
    lines = captured.lines
    outage = new OutageLog('redis 10.0.0.7:6379', captured.log, { now: () => nowMs, monotonicMs: () => nowMs })
  })

  const away = (reason: string) => ({ level: 40, what: 'redis 10.0.0.7:6379', reason })

  it('is one line when it goes and one when it is back, however often it was tried', () => {
    outage.works()
    for (let time = 0; time < 100; time++) {
      nowMs += 100
      outage.failed(new Error('connect ECONNREFUSED'))
    }
    nowMs += 100
    outage.works()
    outage.works()
    assert.deepEqual(lines, [
      { ...away('connect ECONNREFUSED'), msg: 'away; the next line comes when it is back' },
      { level: 30, what: 'redis 10.0.0.7:6379', awayMs: 10_000, failures: 100, msg: 'back' },
    ])
    outage.failed(new Error('again'))
    assert.equal(lines.length, 3)
  })

  it('ends when every way to it works', () => {
    outage.failed(new Error('closed'), 'one')
    outage.failed(new Error('closed'), 'two')
    outage.works('one')
    assert.equal(lines.length, 1)
    outage.works('two')
    assert.equal(lines.at(-1)?.msg, 'back')
  })

  it('tells an answer, also a refusal, from none', async () => {
    const fail = (code: 'unavailable' | 'invalid_request' | 'deadline_exceeded') =>
      assert.rejects(outage.note(Promise.reject(new HypershardError(code, 'told to fail'))), { code })
    await fail('deadline_exceeded')
    assert.equal(lines.length, 0)
    await fail('unavailable')
    await fail('deadline_exceeded')
    assert.equal(lines.length, 1)
    await fail('invalid_request')
    assert.equal(lines.at(-1)?.msg, 'back')
    assert.equal(await outage.note(Promise.resolve(7)), 7)
    assert.equal(lines.length, 2)
  })
})
