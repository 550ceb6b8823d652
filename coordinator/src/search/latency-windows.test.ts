import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { LatencyWindows } from './latency-windows.ts'

describe('how long calls of a kind take', () => {
  it('is not known of fewer than twenty, nor of those of half a minute ago', () => {
    const windows = new LatencyWindows(0.95)
    for (let call = 1; call <= 19; call++) windows.note('kind', call, 0)
    assert.equal(windows.quantileOf('kind', 0), undefined)
    windows.note('kind', 20, 4_000)
    assert.equal(windows.quantileOf('kind', 4_000), 19)
    assert.equal(windows.quantileOf('another', 4_000), undefined)
    assert.equal(windows.quantileOf('kind', 40_000), undefined)
  })

  it('is the nearest rank of the newest 256, as sorting tells', () => {
    const times = fc.array(fc.nat(10_000), { minLength: 20, maxLength: 600 })
    const property = fc.property(times, durations => {
      const windows = new LatencyWindows(0.95)
      for (const [at, ms] of durations.entries()) windows.note('kind', ms, at / 100)
      // Asked after a while it computes anew.
      const found = windows.quantileOf('kind', 10_000)
      const newest = durations.slice(-256).sort((a, b) => a - b)
      assert.equal(
        found,
        newest.find((_, at) => (at + 1) / newest.length >= 0.95),
      )
    })
    fc.assert(property, { numRuns: casesOf({ usual: 50, thorough: 500 }) })
  })

  it('follows: a slow minute is forgotten once calls are quick again', () => {
    const windows = new LatencyWindows(0.95)
    for (let call = 0; call < 256; call++) windows.note('kind', 300, call)
    for (let call = 0; call < 256; call++) windows.note('kind', 10, 1_000 + call)
    assert.equal(windows.quantileOf('kind', 2_000), 10)
  })

  it('is remembered of the kinds used last', () => {
    const windows = new LatencyWindows(0.95)
    for (let kind = 0; kind <= 512; kind++) for (let call = 0; call < 20; call++) windows.note(`${kind}`, call, 0)
    assert.deepEqual([windows.quantileOf('0', 0), windows.quantileOf('512', 0)], [undefined, 18])
  })
})
