import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { Deadline, systemClock, waitWithin } from '@hypershard/common'
import { VirtualTime } from './virtual-time.ts'

describe('time for a whole program', () => {
  let time: VirtualTime

  beforeEach(() => {
    time = VirtualTime.install()
  })

  afterEach(() => time.uninstall())

  it('passes for every kind of clock and pause, in order', async () => {
    const seen: string[] = []
    const note = (what: string) => seen.push(`${what} ${time.nowMs} ${Math.round(performance.now())}`)
    const startMs = Date.now()
    const work = Promise.all([
      wait(3_000).then(() => note('promise')),
      new Promise<void>(resolve => setTimeout(resolve, 60_000)).then(() => note('callback')),
      systemClock.pause(10).then(() => note('clock')),
      assert.rejects(waitWithin(new Promise(() => undefined), Deadline.after(500), 'x')).then(() => note('deadline')),
    ])
    await time.play(work)
    assert.deepEqual(seen, ['clock 10 10', 'deadline 500 500', 'promise 3000 3000', 'callback 60000 60000'])
    assert.equal(Date.now() - startMs, 60_000)
  })

  it('ends a pause that is aborted', async () => {
    const stop = new AbortController()
    const pause = wait(1_000, undefined, { signal: stop.signal }).catch(() => time.nowMs)
    setTimeout(() => stop.abort(), 20)
    assert.equal(await time.play(pause), 20)
  })

  it('says when nothing will ever happen', async () => {
    await assert.rejects(time.play(new Promise(() => undefined)), /nothing happens any more/)
  })
})
