import assert from 'node:assert/strict'
import { Deadline, HypershardError, RequestContext } from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { searchInputOf } from './search-input.ts'
import { SlowSearches } from './slow-searches.ts'

const input = searchInputOf('papers', { query: 'a confidential matter', k: 7, plan: 'exact' })

describe('a slow search', () => {
  const captured = captureLog()
  let nowMs: number

  beforeEach(() => {
    nowMs = 0
    captured.lines.length = 0
  })

  const watch = (
    slowMs: number,
    tookMs: number,
    { withText = false, failure = undefined as Error | undefined } = {},
  ) => {
    const slow = new SlowSearches({ slowMs, withText, monotonicMs: () => nowMs })
    const context = new RequestContext({ deadline: Deadline.after(1_000), log: captured.log })
    return slow.watch(input, context, async () => {
      nowMs += tookMs
      if (failure !== undefined) throw failure
      return 'answer'
    })
  }

  it('is told of once it takes longer than what is slow', async () => {
    assert.equal(await watch(100, 100), 'answer')
    assert.deepEqual(captured.lines, [])
    assert.equal(await watch(100, 101), 'answer')
    const told = captured.lines.map(({ msg, index, plan, k, tookMs }) => [msg, index, plan, k, tookMs])
    assert.deepEqual(told, [['slow search', 'papers', 'exact', 7, 101]])
  })

  it('is told of when it fails too, with the reason', async () => {
    const failure = new HypershardError('insufficient_coverage', 'told to fail')
    await assert.rejects(watch(100, 500, { failure }), failure)
    assert.deepEqual([captured.lines.length, captured.lines[0]!.code], [1, 'insufficient_coverage'])
  })

  it('is not told of where nobody wants to know', async () => {
    await watch(0, 1e9)
    assert.deepEqual(captured.lines, [])
  })

  it('is told of without its text, unless that is asked for', async () => {
    await watch(100, 500)
    assert.doesNotMatch(JSON.stringify(captured.lines), /confidential/)
    await watch(100, 500, { withText: true })
    assert.equal(captured.lines[1]!.query, input.query)
  })
})
