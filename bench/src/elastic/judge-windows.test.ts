import assert from 'node:assert/strict'
import type { WindowFigures } from '../load/measure/window-figures.ts'
import { noneBut, noneFailed, p99Ratio } from './judge-windows.ts'

const window = (name: string, p99Ms: number | null, errors: Readonly<Record<string, number>> = {}): WindowFigures => ({
  window: name,
  seconds: 10,
  requests: 200,
  qps: 20,
  p50Ms: 5,
  p95Ms: 10,
  p99Ms,
  failed: Object.values(errors).reduce((sum, count) => sum + count, 0),
  errors,
})

describe('bars of windows', () => {
  it('count failures of every window, the idle one too', () => {
    assert.equal(noneFailed('x', [window('idle', 20), window('restart', 30)]).met, true)
    const bar = noneFailed('x', [window('idle', 20, { overloaded: 1 }), window('restart', 30, { partial_answer: 2 })])
    assert.deepEqual([bar.value, bar.met], [3, false])
  })

  it('compare the slowest with the slowest of the idle time', () => {
    assert.equal(p99Ratio([window('idle', 20), window('restart', 41)], 'restart'), 2.05)
  })

  it('know no ratio where a window has no answer at all', () => {
    assert.equal(p99Ratio([window('idle', 20), window('restart', null)], 'restart'), null)
    assert.equal(p99Ratio([window('restart', 20)], 'restart'), null)
  })

  it('tell failures that may come about from those that may not', () => {
    const windows = [window('idle', 20), window('gone', 20, { insufficient_coverage: 9, partial_answer: 4 })]
    assert.equal(noneBut('x', windows, ['insufficient_coverage', 'partial_answer']).met, true)
    assert.equal(noneBut('x', windows, ['insufficient_coverage']).value, 4)
  })
})
