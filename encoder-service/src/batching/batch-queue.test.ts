import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { BatchQueue, type WaitingText } from './batch-queue.ts'

interface Text extends WaitingText {
  readonly number: number
  readonly deadline: { cancelled: boolean; passed: boolean }
}

let numbers = 0
function text(options: Partial<Omit<Text, 'deadline'>> = {}): Text {
  const deadline = { cancelled: false, passed: false }
  return { group: 'a', tokens: 4, request: {}, ...options, deadline, number: numbers++ }
}

function queueOf(texts: Text[], limits = { tokenBudgetMax: 16 }): BatchQueue<Text> {
  const queue = new BatchQueue<Text>(limits)
  for (const entry of texts) queue.add(entry)
  return queue
}

describe('the batch queue', () => {
  it('gives out at once what waits, as much as fits', () => {
    const queue = queueOf([text(), text(), text(), text(), text()])
    assert.equal(queue.take().batch.length, 4)
    assert.equal(queue.take().batch.length, 1)
    assert.deepEqual(queue.take(), { batch: [], gone: [] })
  })

  it('keeps groups apart, the oldest text first', () => {
    const queue = queueOf([text({ group: 'b' }), text({ group: 'a' }), text({ group: 'b' })])
    const groups = [queue.take(), queue.take()].map(({ batch }) => batch.map(entry => entry.group))
    assert.deepEqual(groups, [['b', 'b'], ['a']])
  })

  it('lets requests take turns, so that a small one waits for a batch of a large one and not for all of it', () => {
    const [large, small] = [{}, {}]
    const texts = [...Array.from({ length: 40 }, () => text({ request: large })), text({ request: small, tokens: 16 })]
    const queue = queueOf(texts)
    const requests = Array.from({ length: 3 }, () => queue.take().batch[0]?.request)
    assert.deepEqual(
      requests.map(request => (request === small ? 'small' : 'large')),
      ['large', 'small', 'large'],
    )
  })

  for (const end of ['cancelled', 'passed'] as const) {
    it(`gives back a text whose deadline is ${end} instead of running it`, () => {
      const [first, second, third] = [text(), text(), text()]
      const queue = queueOf([first, second, third])
      first.deadline[end] = true
      third.deadline[end] = true
      const { batch, gone } = queue.take()
      assert.deepEqual(batch, [second])
      assert.deepEqual(gone, [first, third])
      assert.equal(queue.size, 0)
    })
  }

  it('gives every text out exactly once, inside the budget, and each request its turn', () => {
    const step = fc.record({
      arrivals: fc.array(
        fc.record({
          request: fc.integer({ min: 0, max: 4 }),
          group: fc.constantFrom('a', 'b'),
          tokens: fc.integer({ min: 1, max: 32 }),
        }),
        { maxLength: 6 },
      ),
      cancel: fc.option(fc.nat()),
      leave: fc.option(fc.nat()),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), steps => simulate(steps, { tokenBudgetMax: 32 })),
      { numRuns: casesOf({ usual: 300, thorough: 3000 }) },
    )
  })
})

interface Step {
  arrivals: { request: number; group: string; tokens: number }[]
  cancel: number | null
  leave: number | null
}

/** Plays arrivals, cancellations and departures against the queue, one batch at a time, then runs it dry. */
function simulate(steps: Step[], limits: { tokenBudgetMax: number }): void {
  const queue = new BatchQueue<Text>(limits)
  const requests = Array.from({ length: 5 }, () => ({}))
  const inside = new Set<Text>()
  const out = new Set<Text>()
  /** Batches since a request that has texts waiting had one of its own in a batch. */
  const waited = new Map<object, number>()
  const takeOne = (): boolean => {
    const { batch, gone } = queue.take()
    for (const entry of [...batch, ...gone]) {
      assert(inside.delete(entry), 'a text came out that was not in')
      assert(!out.has(entry), 'a text came out twice')
      out.add(entry)
    }
    for (const entry of batch) assert(!entry.deadline.cancelled, 'a cancelled text was run')
    for (const entry of gone) assert(entry.deadline.cancelled, 'a living text was dropped')
    // All that were left had been given up: whoever comes again comes anew.
    if (batch.length === 0) {
      waited.clear()
      return false
    }
    const longest = Math.max(...batch.map(entry => entry.tokens))
    assert(batch.length * longest <= limits.tokenBudgetMax, 'over the budget')
    assert.equal(new Set(batch.map(entry => entry.group)).size, 1, 'a mixed batch')
    const left = new Set([...inside].map(entry => entry.request))
    for (const request of requests) {
      const had = !left.has(request) || batch.some(entry => entry.request === request)
      waited.set(request, had ? 0 : (waited.get(request) ?? 0) + 1)
      assert(waited.get(request)! < requests.length, 'a request never has its turn')
    }
    return true
  }
  for (const { arrivals, cancel, leave } of steps) {
    for (const { request, ...arrival } of arrivals) {
      const entry = text({ ...arrival, request: requests[request]! })
      queue.add(entry)
      inside.add(entry)
    }
    const waiting = [...inside]
    if (cancel !== null && waiting.length > 0) waiting[cancel % waiting.length]!.deadline.cancelled = true
    if (leave !== null && waiting.length > 0) {
      const entry = waiting[leave % waiting.length]!
      assert(queue.remove(entry))
      inside.delete(entry)
    }
    takeOne()
  }
  while (takeOne());
  assert.equal(inside.size, 0, 'a text was lost')
  assert.equal(queue.size, 0)
}
