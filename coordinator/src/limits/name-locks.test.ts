import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { NameLocks } from './name-locks.ts'

const soon = () => Deadline.after(60_000)

describe('NameLocks', () => {
  it('let one piece of work of a name run at a time, in order, beside those of other names', async () => {
    const locks = new NameLocks('changes')
    const order: string[] = []
    const work = (what: string) => async () => {
      order.push(`${what} begins`)
      await new Promise(resolve => setImmediate(resolve))
      order.push(`${what} ends`)
    }
    const running = ['a1', 'a2', 'b1', 'a3'].map(what => locks.run(what[0]!, soon(), work(what)))
    await Promise.all(running)
    const ofA = order.filter(step => step.startsWith('a'))
    assert.deepEqual(ofA, ['a1 begins', 'a1 ends', 'a2 begins', 'a2 ends', 'a3 begins', 'a3 ends'])
    assert.ok(order.indexOf('b1 begins') < order.indexOf('a1 ends'))
  })

  it('are free again after a failure and after someone gave up waiting', async () => {
    const locks = new NameLocks('changes')
    const release = Promise.withResolvers<void>()
    const failing = locks.run('a', soon(), () => release.promise)
    const late = locks.run('a', Deadline.after(5), async () => 'never')
    await assert.rejects(late, { code: 'deadline_exceeded' })
    release.reject(new Error('told to fail'))
    await assert.rejects(failing, /told to fail/)
    assert.equal(await locks.run('a', soon(), async () => 'free'), 'free')
  })
})
