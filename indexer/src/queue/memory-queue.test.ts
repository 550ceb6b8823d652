import assert from 'node:assert/strict'
import type { Job } from './job.ts'
import { MemoryQueue } from './memory-queue.ts'

const job = (index: string): Job => ({ kind: 'advance', index, indexUid: index, generation: 1 })

describe('the queue in memory', () => {
  it('does a job once that waits or runs, and again once it is done', async () => {
    const queue = new MemoryQueue(1)
    const done: string[] = []
    queue.process(async ({ kind }) => {
      await new Promise(resolve => setTimeout(resolve, 5))
      done.push(kind)
    })
    for (let time = 0; time < 5; time++) await queue.add(job('a'))
    await new Promise(resolve => setTimeout(resolve, 40))
    assert.equal(done.length, 1)
    await queue.add(job('a'))
    await queue.close()
    assert.equal(done.length, 2)
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
    for (const name of 'abcde') await queue.add(job(name))
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
    for (const name of 'ab') await queue.add(job(name))
    await queue.close()
    await queue.add(job('c'))
    assert.equal(stopped, true)
  })
})
