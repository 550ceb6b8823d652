import assert from 'node:assert/strict'
import { SearchPace } from './search-pace.ts'
import { nextRate } from './slow-down.ts'

describe('slowing a build down for searches', () => {
  const cases = [
    { what: 'leaves a build without a limit alone', limit: null, slowed: null, p99: 900, measured: 50, rate: null },
    {
      what: 'leaves a build alone while searches are fast',
      limit: 100,
      slowed: null,
      p99: 60,
      measured: 50,
      rate: null,
    },
    { what: 'halves what the build does', limit: 100, slowed: null, p99: 120, measured: 50, rate: 25 },
    { what: 'halves it again', limit: 100, slowed: 25, p99: 120, measured: 24, rate: 12 },
    { what: 'halves a guess when nobody knows the rate', limit: 100, slowed: null, p99: 120, measured: 0, rate: 50 },
    { what: 'never stops it', limit: 100, slowed: 0.5, p99: 120, measured: 0.4, rate: 0.5 },
    { what: 'waits while searches are near the limit', limit: 100, slowed: 20, p99: 90, measured: 20, rate: 20 },
    { what: 'lets it go faster once they are well below', limit: 100, slowed: 20, p99: 50, measured: 20, rate: 26 },
    { what: 'lets it go when that no longer holds it', limit: 100, slowed: 1_900, p99: 50, measured: 60, rate: null },
  ]
  for (const { what, limit, slowed, p99, measured, rate } of cases) {
    it(what, () => {
      const state = { searchP99MsMax: limit, slowedToDocumentsPerSecond: slowed }
      assert.equal(nextRate(state, p99, measured), rate)
    })
  }
})

describe('the pace of searches', () => {
  let nowMs = 0
  const clock = { now: () => nowMs, monotonicMs: () => nowMs }

  it('is the time that 99 of 100 stay below, of the last seconds only', () => {
    const pace = new SearchPace(clock)
    for (let tookMs = 1; tookMs <= 200; tookMs++) pace.note(tookMs)
    assert.equal(pace.p99Ms(), 199)
    nowMs += 20_000
    assert.equal(pace.p99Ms(), undefined)
    for (let at = 0; at < 60; at++) pace.note(5)
    assert.equal(pace.p99Ms(), 5)
  })

  it('is not known of a few searches', () => {
    const pace = new SearchPace(clock)
    for (let at = 0; at < 10; at++) pace.note(5)
    assert.equal(pace.p99Ms(), undefined)
  })
})
