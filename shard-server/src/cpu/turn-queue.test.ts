import assert from 'node:assert/strict'
import { setImmediate as immediate } from 'node:timers/promises'
import { TurnQueue } from './turn-queue.ts'

describe('a turn queue', () => {
  it('gives turns to whoever asks again after each step, one step at a time', async () => {
    const queue = new TurnQueue()
    const done: string[] = []
    let underWay = 0
    const work = async (name: string, steps: number) => {
      for (let step = 0; step < steps; step++) {
        await queue.run(async () => {
          assert.equal(++underWay, 1)
          await immediate()
          done.push(name)
          underWay--
        })
      }
    }
    await Promise.all([work('a', 4), work('b', 2), work('c', 1)])
    assert.equal(done.join(''), 'abcabaa')
  })

  it('goes on after a step that fails, which fails for its own asker alone', async () => {
    const queue = new TurnQueue()
    const failing = queue.run(() => Promise.reject(new Error('told to fail')))
    const next = queue.run(() => 2)
    await assert.rejects(failing, /told to fail/)
    assert.equal(await next, 2)
  })

  it('lets messages in between two steps', async () => {
    const queue = new TurnQueue()
    let arrived = false
    setImmediate(() => {
      arrived = true
    })
    const first = queue.run(() => arrived)
    const second = queue.run(() => arrived)
    assert.deepEqual([await first, await second], [false, true])
  })

  it('begins nothing more once it is closed', async () => {
    const queue = new TurnQueue()
    let begun = 0
    void queue.run(() => begun++)
    queue.close()
    void queue.run(() => begun++)
    for (let turn = 0; turn < 5; turn++) await immediate()
    assert.equal(begun, 0)
  })
})
