import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { ProgressDisplay, RateMeter, renderProgress } from './progress.ts'
import { Output } from './terminal.ts'

describe('progress', () => {
  it('shows the share, the rate and the time left', () => {
    const line = renderProgress('indexing', { done: 300, total: 1_200 }, 60, 120)
    assert.equal(line, 'indexing  ██████░░░░░░░░░░░░░░░░░░  25.0 %  300  60/s  15.0 s left')
  })

  it('shows a count while nobody knows how much there is', () => {
    assert.equal(renderProgress('indexing', { done: 300 }, 60, 120), 'indexing  300 documents  60/s')
  })

  it('stays within the width', () => {
    assert.equal(renderProgress('indexing', { done: 300, total: 1_200 }, 60, 20).length, 20)
  })

  it('measures the rate of the last ten seconds', () => {
    const rate = new RateMeter()
    assert.equal(rate.perSecond(0, 0), undefined)
    for (let second = 0; second <= 30; second++) rate.add(second * 1_000, second < 20 ? 0 : (second - 20) * 100)
    assert.equal(rate.perSecond(30_000, 1_000), 100)
  })

  it('writes a line every ten seconds where there is no terminal', () => {
    const stream = new PassThrough()
    let nowMs = 0
    const clock = { now: () => nowMs, monotonicMs: () => nowMs }
    const display = new ProgressDisplay(new Output(stream, {}), 'indexing', clock)
    for (; nowMs < 25_000; nowMs += 500) display.update({ done: nowMs / 500, total: 50 })
    display.end()
    const lines = String(stream.read()).trimEnd().split('\n')
    assert.equal(lines.length, 2)
    assert.match(lines[1] ?? '', /80\.0 % {2}40 {2}2\.0\/s {2}5\.0 s left$/)
  })

  it('redraws one line on a terminal and takes it away', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
    const display = new ProgressDisplay(new Output(stream, {}), 'indexing')
    display.update({ done: 1, total: 2 })
    display.end()
    const written = String(stream.read())
    assert.ok(!written.includes('\n'))
    assert.ok(written.endsWith('\r\u001b[K'))
  })
})
