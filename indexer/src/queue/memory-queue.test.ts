import assert from 'node:assert/strict'
import type { Job } from './job.ts'
import type { Turn } from './job-queue.ts'
import { MemoryQueue } from './memory-queue.ts'

const job = (index: string): Job => ({ kind: 'advance', index, indexUid: index, generation: 1 })

describe('the queue in memory', () => {
  it('does a job once that waits or runs, and again once it is done', async () => {
    const queue = new MemoryQueue({ concurrency: 1 })
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
    const queue = new MemoryQueue({ concurrency: 2 })
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

  /** A queue whose jobs end when they are told to, and what ran in it. */
  function heldQueue(options: { concurrency: number; extraPlaces?: number }) {
    let nowMs = 0
    const clock = { now: () => nowMs, monotonicMs: () => nowMs }
    const queue = new MemoryQueue({ ...options, clock })
    const started: string[] = []
    const running = new Map<string, { end: () => void; turn: Turn }>()
    queue.process((work, turn) => {
      const { index } = work as { index: string }
      started.push(index)
      const { promise, resolve } = Promise.withResolvers<void>()
      running.set(index, { end: resolve, turn })
      return promise
    })
    const end = async (index: string) => {
      running.get(index)!.end()
      running.delete(index)
      await new Promise(resolve => setImmediate(resolve))
    }
    const pass = (ms: number) => {
      nowMs += ms
    }
    return { queue, started, running, end, pass }
  }

  it('does not run a job beside itself, although there is a place', async () => {
    const { queue, started, end } = heldQueue({ concurrency: 2 })
    await queue.add([job('a')])
    await queue.add([job('a')])
    await end('a')
    assert.deepEqual(started, ['a'])
  })

  it('lets work take turns that is added again as soon as it ends: whose turn was longest ago comes first', async () => {
    const { queue, started, end } = heldQueue({ concurrency: 1 })
    await queue.add(['bulk', 'other'].map(job))
    for (const index of ['bulk', 'other', 'bulk']) {
      await end(index)
      // Ahead of what waits, by its arrival.
      await queue.add([job(index)])
    }
    await queue.add(['new', 'bulk'].map(job))
    await end('other')
    assert.deepEqual(started, ['bulk', 'other', 'bulk', 'other', 'new'])
    for (const index of ['new', 'bulk']) await end(index)
  })

  it('has an extra place for work that had no turn lately, and for no other', async () => {
    const { queue, started, end, pass } = heldQueue({ concurrency: 1, extraPlaces: 1 })
    await queue.add([job('bulk')])
    await queue.add([job('small')])
    assert.deepEqual(started, ['bulk', 'small'])
    await end('small')
    await queue.add([job('small')])
    assert.equal(started.length, 2)
    pass(2_000)
    await queue.add([job('third'), job('fourth')])
    assert.deepEqual(started.slice(2), ['third'])
    for (const index of ['bulk', 'third', 'fourth', 'small']) await end(index)
    assert.equal(started.length, 5)
  })

  it('tells a job whether others wait for its place', async () => {
    const { queue, running, end } = heldQueue({ concurrency: 1 })
    await queue.add([job('bulk')])
    const { turn } = running.get('bulk')!
    assert.equal(await turn.othersWait(), false)
    await queue.add([job('small')])
    assert.equal(await turn.othersWait(), true)
    for (const index of ['bulk', 'small']) await end(index)
  })

  it('tells jobs that run to stop, and takes no more, when it is closed', async () => {
    const queue = new MemoryQueue({ concurrency: 1 })
    let stopped = false
    queue.process(async (_, { signal }) => {
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      stopped = true
    })
    await queue.add([...'ab'].map(job))
    await queue.close()
    await queue.add([job('c')])
    assert.equal(stopped, true)
  })
})
