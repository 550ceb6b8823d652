import assert from 'node:assert/strict'
import type { Job } from './job.ts'
import { MemoryQueue } from './memory-queue.ts'

const job = (index: string): Job => ({ kind: 'advance', index, indexUid: index, generation: 1 })

describe('the queue in memory', () => {
  it('does a job once that waits or runs, and again once it is done', async () => {
    const queue = new MemoryQueue(1)
    const done: string[] = []
    const allAdded = Promise.withResolvers<void>()
    let reached = Promise.withResolvers<void>()
    queue.process(async work => {
      const { index } = work as { index: string }
      await allAdded.promise
      done.push(index)
      if (index === 'end') reached.resolve()
    })
    for (let time = 0; time < 5; time++) await queue.add([job('a')])
    // One at a time, in order: once this is done, all that was added before it is.
    await queue.add([job('end')])
    allAdded.resolve()
    await reached.promise
    assert.deepEqual(done.splice(0), ['a', 'end'])
    reached = Promise.withResolvers<void>()
    await queue.add([job('a')])
    await queue.add([job('b')])
    // Still running when it was reached.
    await new Promise(resolve => setImmediate(resolve))
    await queue.add([job('end')])
    await reached.promise
    assert.deepEqual(done, ['a', 'b', 'end'])
    await queue.close()
  })

  it('runs as many at a time as it may, in order of arrival', async () => {
    const queue = new MemoryQueue(2)
    const started: string[] = []
    const ends: (() => void)[] = []
    queue.process(work => {
      started.push((work as { index: string }).index)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.push(resolve)
      return promise
    })
    await queue.add([...'abcde'].map(job))
    const startedAfterEach: string[] = [started.join('')]
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
      end()
      await new Promise(resolve => setImmediate(resolve))
      startedAfterEach.push(started.join(''))
    }
    assert.deepEqual(startedAfterEach, ['ab', 'abc', 'abcd', 'abcde', 'abcde', 'abcde'])
    await queue.close()
  })

  it('tells jobs that run to stop, and takes no more, when it is closed', async () => {
    const queue = new MemoryQueue(1)
    let stopped = false
    queue.process(async (_, signal) => {
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      stopped = true
    })
    await queue.add([...'ab'].map(job))
    await queue.close()
    await queue.add([job('c')])
    assert.equal(stopped, true)
  })
})
