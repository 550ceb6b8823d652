import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline, HypershardError, systemClock } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { DynamicBatcher, type RunBatch } from './dynamic-batcher.ts'

const limits = { tokenBudgetMax: 16, delayMsMax: 1 }

function batcherOf(run: RunBatch<number, number>, options: Partial<typeof limits> = {}) {
  return new DynamicBatcher<number, number>({ ...limits, ...options, run, clock: systemClock })
}

function requestOf(works: number[], deadline = Deadline.after(10_000), tokens = 4) {
  return { lane: 'document', group: 'a', deadline, texts: works.map(work => ({ tokens, work })) } as const
}

describe('the dynamic batcher', () => {
  it('answers every request in its own order, whatever batches its texts went through', async () => {
    const text = fc.record({ tokens: fc.integer({ min: 1, max: 16 }), work: fc.integer() })
    const request = fc.record({
      lane: fc.constantFrom('query' as const, 'document' as const),
      group: fc.constantFrom('a', 'b'),
      texts: fc.array(text, { maxLength: 12 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 8 }), async requests => {
        const ran: number[] = []
        const batcher = batcherOf(
          async (_lane, _group, works) => {
            ran.push(...works)
            return works.map(work => -work)
          },
          { delayMsMax: 0 },
        )
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

  it('runs one batch at a time, and concurrent requests share them', async () => {
    let running = 0
    const batcher = batcherOf(
      async (_lane, _group, works) => {
        assert.equal(++running, 1)
        await sleep(2)
        running--
        return works
      },
      { delayMsMax: 1000 },
    )
    await Promise.all(Array.from({ length: 40 }, (_, work) => batcher.submit(requestOf([work]))))
    assert.deepEqual(batcher.statistics, { batches: 10, texts: 40, tokens: 160, paddedTokens: 160, dropped: 0 })
  })

  it('never runs the texts of a caller who went away while they waited', async () => {
    const ran: number[] = []
    const batcher = batcherOf(async (_lane, _group, works) => {
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
    const batcher = batcherOf(async (_lane, _group, works) => {
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
    const batcher = batcherOf(async (_lane, _group, works) => works.map(work => (work === 2 ? failure : work)))
    const outcomes = await Promise.allSettled([1, 2, 3].map(work => batcher.submit(requestOf([work]))))
    assert.deepEqual(
      outcomes.map(outcome => outcome.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
  })

  it('fails the requests of a batch that failed, drops their other texts, and goes on', async () => {
    let batches = 0
    const batcher = batcherOf(async (_lane, _group, works) => {
      if (++batches === 1) throw new HypershardError('internal', 'the worker died')
      return works
    })
    await assert.rejects(batcher.submit(requestOf([1, 2, 3, 4, 5, 6])), /the worker died/)
    assert.equal(batcher.statistics.dropped, 2)
    assert.deepEqual((await batcher.submit(requestOf([7]))).answers, [7])
  })

  it('says how long a request waited and ran', async () => {
    const batcher = batcherOf(async (_lane, _group, works) => {
      await sleep(30)
      return works
    })
    const first = batcher.submit(requestOf([1, 2, 3, 4]))
    const { queueMs, runMs } = await batcher.submit(requestOf([5]))
    await first
    assert(queueMs >= 25 && runMs >= 25, `${queueMs} ${runMs}`)
  })
})
