import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline, HypershardError, systemClock } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { DynamicBatcher, type RunBatch } from './dynamic-batcher.ts'

const limits = { tokenBudgetMax: 16 }

function batcherOf(run: RunBatch<number, number>) {
  return new DynamicBatcher<number, number>({ ...limits, run, clock: systemClock })
}

function requestOf(works: number[], deadline = Deadline.after(10_000), tokens = 4) {
  return { group: 'a', deadline, texts: works.map(work => ({ tokens, work })) } as const
}

describe('the dynamic batcher', () => {
  it('answers every request in its own order, whatever batches its texts went through', async () => {
    const text = fc.record({ tokens: fc.integer({ min: 1, max: 16 }), work: fc.integer() })
    const request = fc.record({
      group: fc.constantFrom('a', 'b'),
      texts: fc.array(text, { maxLength: 12 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 8 }), async requests => {
        const ran: number[] = []
        const batcher = batcherOf(async (_group, works) => {
          ran.push(...works)
          return works.map(work => -work)
        })
        const deadline = Deadline.after(10_000)
        const outcomes = await Promise.all(requests.map(entry => batcher.submit({ ...entry, deadline })))
        const expected = requests.map(entry => entry.texts.map(({ work }) => -work))
        assert.deepEqual(
          outcomes.map(outcome => outcome.answers),
          expected,
        )
        assert.equal(ran.length, requests.flatMap(entry => entry.texts).length)
        assert.equal(batcher.statistics.texts, ran.length)
      }),
      { numRuns: casesOf({ usual: 100, thorough: 1000 }) },
    )
  })

  it('runs at once what comes while nothing runs, and together what comes while a batch runs', async () => {
    const begun: number[][] = []
    const ends: (() => void)[] = []
    const batcher = batcherOf(async (_group, works) => {
      begun.push(works)
      await new Promise<void>(resolve => ends.push(resolve))
      return works
    })
    const first = batcher.submit(requestOf([1]))
    assert.deepEqual(begun, [[1]], 'an idle worker waited for company')
    const others = [2, 3, 4].map(work => batcher.submit(requestOf([work])))
    assert.deepEqual(begun, [[1]], 'two batches at a time')
    ends.shift()!()
    await first
    assert.deepEqual(begun, [[1], [2, 3, 4]])
    ends.shift()!()
    await Promise.all(others)
    assert.deepEqual(batcher.statistics, { batches: 2, texts: 4, tokens: 16, paddedTokens: 16, dropped: 0 })
  })

  it('never runs the texts of a caller who went away while they waited', async () => {
    const ran: number[] = []
    const batcher = batcherOf(async (_group, works) => {
      await sleep(10)
      ran.push(...works)
      return works
    })
    const caller = new AbortController()
    const first = batcher.submit(requestOf([1, 2, 3, 4]))
    const second = batcher.submit(requestOf([5, 6], Deadline.after(10_000, { signal: caller.signal })))
    const third = batcher.submit(requestOf([7]))
    caller.abort()
    await assert.rejects(second, { code: 'cancelled' })
    assert.deepEqual(ran, [], 'a caller who went away waited for a batch')
    await Promise.all([first, third])
    assert.deepEqual(ran, [1, 2, 3, 4, 7])
    assert.equal(batcher.statistics.dropped, 2)
  })

  it('never runs a text whose deadline passed while it waited', async () => {
    const ran: number[] = []
    const batcher = batcherOf(async (_group, works) => {
      await sleep(20)
      ran.push(...works)
      return works
    })
    const first = batcher.submit(requestOf([1, 2, 3, 4]))
    await assert.rejects(batcher.submit(requestOf([5], Deadline.after(5))), { code: 'deadline_exceeded' })
    await first
    assert.deepEqual(ran, [1, 2, 3, 4])
  })

  it("keeps one text's own failure from the others of its batch", async () => {
    const failure = new HypershardError('invalid_request', 'this one')
    const batcher = batcherOf(async (_group, works) => works.map(work => (work === 2 ? failure : work)))
    const outcomes = await Promise.allSettled([1, 2, 3].map(work => batcher.submit(requestOf([work]))))
    assert.deepEqual(
      outcomes.map(outcome => outcome.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
  })

  it('fails the requests of a batch that failed, drops their other texts, and goes on', async () => {
    let batches = 0
    const batcher = batcherOf(async (_group, works) => {
      if (++batches === 1) throw new HypershardError('internal', 'the worker died')
      return works
    })
    await assert.rejects(batcher.submit(requestOf([1, 2, 3, 4, 5, 6])), /the worker died/)
    assert.equal(batcher.statistics.dropped, 2)
    assert.deepEqual((await batcher.submit(requestOf([7]))).answers, [7])
  })

  it('says how long a request waited and ran', async () => {
    const batcher = batcherOf(async (_group, works) => {
      await sleep(30)
      return works
    })
    const first = batcher.submit(requestOf([1, 2, 3, 4]))
    const { queueMs, runMs } = await batcher.submit(requestOf([5]))
    await first
    assert(queueMs >= 25 && runMs >= 25, `${queueMs} ${runMs}`)
  })
})
