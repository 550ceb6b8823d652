import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { BatchQueue, type Lane, queryBatchesInARowMax, type WaitingText } from './batch-queue.ts'

interface Text extends WaitingText {
  readonly number: number
  readonly deadline: { cancelled: boolean; passed: boolean }
}

let numbers = 0
function text(options: Partial<Omit<Text, 'deadline'>> = {}): Text {
  const deadline = { cancelled: false, passed: false }
  return { lane: 'query', group: 'a', tokens: 4, arrivedMs: 0, ...options, deadline, number: numbers++ }
}

function queueOf(texts: Text[], limits = { tokenBudgetMax: 16, delayMsMax: 5 }): BatchQueue<Text> {
  const queue = new BatchQueue<Text>(limits)
  for (const entry of texts) queue.add(entry)
  return queue
}

describe('the batch queue', () => {
  it('waits for company until the delay of the oldest is over', () => {
    const queue = queueOf([text({ arrivedMs: 10 }), text({ arrivedMs: 12 })])
    assert.deepEqual(queue.take(14).batch, [])
    assert.equal(queue.readyInMs(14), 1)
    assert.equal(queue.take(15).batch.length, 2)
    assert.equal(queue.readyInMs(15), undefined)
  })

  it('does not wait when the budget is full', () => {
    const queue = queueOf([text(), text(), text(), text(), text()])
    assert.equal(queue.readyInMs(0), 0)
    assert.equal(queue.take(0).batch.length, 4)
    assert.equal(queue.size, 1)
  })

  it('takes queries before documents that came earlier', () => {
    const queue = queueOf([text({ lane: 'document' }), text({ arrivedMs: 1 })])
    const lanes = [queue.take(10), queue.take(10)].map(({ batch }) => batch[0]?.lane)
    assert.deepEqual(lanes, ['query', 'document'])
  })

  it(`lets documents go after ${queryBatchesInARowMax} batches of queries`, () => {
    const queue = queueOf([text({ lane: 'document' }), ...Array.from({ length: 40 }, () => text())])
    const lanes = Array.from({ length: queryBatchesInARowMax + 2 }, () => queue.take(10).batch[0]?.lane)
    assert.deepEqual(lanes, [...Array(queryBatchesInARowMax).fill('query'), 'document', 'query'])
  })

  it('keeps groups apart, the oldest text first', () => {
    const queue = queueOf([text({ group: 'b' }), text({ group: 'a' }), text({ group: 'b' })])
    const groups = [queue.take(10), queue.take(10)].map(({ batch }) => batch.map(entry => entry.group))
    assert.deepEqual(groups, [['b', 'b'], ['a']])
  })

  for (const end of ['cancelled', 'passed'] as const) {
    it(`gives back a text whose deadline is ${end} instead of running it`, () => {
      const [first, second, third] = [text(), text(), text()]
      const queue = queueOf([first, second, third])
      first.deadline[end] = true
      third.deadline[end] = true
      const { batch, gone } = queue.take(10)
      assert.deepEqual(batch, [second])
      assert.deepEqual(gone, [first, third])
      assert.equal(queue.size, 0)
    })
  }

  it('gives every text out exactly once, inside the budget, and lets no document starve', () => {
    const limits = { tokenBudgetMax: 32, delayMsMax: 3 }
    const step = fc.record({
      arrivals: fc.array(
        fc.record({
          lane: fc.constantFrom<Lane>('query', 'document'),
          group: fc.constantFrom('a', 'b'),
          tokens: fc.integer({ min: 1, max: 32 }),
        }),
        { maxLength: 6 },
      ),
      cancel: fc.option(fc.nat()),
      leave: fc.option(fc.nat()),
      passMs: fc.integer({ min: 0, max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), steps => simulate(steps, limits)),
      { numRuns: casesOf({ usual: 300, thorough: 3000 }) },
    )
  })
})

interface Step {
  arrivals: { lane: Lane; group: string; tokens: number }[]
  cancel: number | null
  leave: number | null
  passMs: number
}

/** Plays arrivals, cancellations and departures against the queue, one batch at a time, then runs it dry. */
function simulate(steps: Step[], limits: { tokenBudgetMax: number; delayMsMax: number }): void {
  const queue = new BatchQueue<Text>(limits)
  const inside = new Set<Text>()
  const out = new Set<Text>()
  let nowMs = 0
  let queryBatchesWhileDocumentsWait = 0
  const takeOne = (): boolean => {
    const documentsWere = [...inside].some(
      entry => entry.lane === 'document' && !entry.deadline.cancelled && entry.arrivedMs + limits.delayMsMax <= nowMs,
    )
    const { batch, gone } = queue.take(nowMs)
    for (const entry of [...batch, ...gone]) {
      assert(inside.delete(entry), 'a text came out that was not in')
      assert(!out.has(entry), 'a text came out twice')
      out.add(entry)
    }
    for (const entry of batch) assert(!entry.deadline.cancelled, 'a cancelled text was run')
    for (const entry of gone) assert(entry.deadline.cancelled, 'a living text was dropped')
    if (batch.length === 0) return false
    const longest = Math.max(...batch.map(entry => entry.tokens))
    assert(batch.length * longest <= limits.tokenBudgetMax, 'over the budget')
    assert.equal(new Set(batch.map(entry => `${entry.lane} ${entry.group}`)).size, 1, 'a mixed batch')
    const starving = batch[0]!.lane === 'query' && documentsWere
    queryBatchesWhileDocumentsWait = starving ? queryBatchesWhileDocumentsWait + 1 : 0
    assert(queryBatchesWhileDocumentsWait <= queryBatchesInARowMax, 'documents starve')
    return true
  }
  for (const { arrivals, cancel, leave, passMs } of steps) {
    for (const arrival of arrivals) {
      const entry = text({ ...arrival, arrivedMs: nowMs })
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
    nowMs += passMs
  }
  nowMs += limits.delayMsMax
  while (takeOne());
  assert.equal(inside.size, 0, 'a text was lost')
  assert.equal(queue.size, 0)
}
