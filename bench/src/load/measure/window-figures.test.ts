import assert from 'node:assert/strict'
import { failedOutside, ratioOf, troubleMs, windowFigures } from './window-figures.ts'

const request = (intendedMs: number, tookMs: number, error?: string) => ({
  intendedMs,
  doneMs: intendedMs + tookMs,
  error,
})
const window = { name: 'during', fromMs: 1_000, toMs: 3_000 }

describe('the figures of a window', () => {
  it('are of the requests that were meant to be sent in it', () => {
    const { requests, p50Ms, p99Ms } = windowFigures(window, [
      request(900, 500),
      request(1_000, 10),
      request(2_000, 20),
      request(2_999, 400),
      request(3_000, 7),
    ])
    assert.deepEqual({ requests, p50Ms, p99Ms }, { requests: 3, p50Ms: 20, p99Ms: 400 })
  })

  it('count for the rate what was answered in it', () => {
    // One that was sent before, and one that is answered after it.
    const { qps } = windowFigures(window, [request(900, 500), request(1_000, 10), request(2_999, 400)])
    assert.equal(qps, 1)
  })

  it('tell failures by their kind, and no latency of them', () => {
    const figures = windowFigures(window, [
      request(1_000, 10_000, 'client_timeout'),
      request(1_100, 5, 'partial_answer'),
      request(1_200, 5, 'partial_answer'),
      request(1_300, 30),
    ])
    assert.equal(figures.failed, 3)
    assert.equal(figures.requests, 4)
    assert.equal(figures.p99Ms, 30)
    assert.deepEqual(figures.errors, { client_timeout: 1, partial_answer: 2 })
  })

  it('are null where nothing was answered', () => {
    const { p50Ms, qps } = windowFigures(window, [])
    assert.deepEqual({ p50Ms, qps }, { p50Ms: null, qps: 0 })
  })
})

describe('the time of trouble', () => {
  it('lasts until the last request that failed was sent', () => {
    const requests = [request(900, 1, 'x'), request(1_500, 9, 'x'), request(1_800, 9), request(2_400, 9, 'y')]
    assert.equal(troubleMs(1_000, requests), 1_400)
  })

  it('is none where only what came before has failed', () => {
    assert.equal(troubleMs(1_000, [request(900, 500, 'x'), request(1_000, 3)]), 0)
  })
})

describe('failures outside of a time', () => {
  it('are none of requests that were under way when it began', () => {
    const requests = [
      request(900, 50, 'before'),
      request(980, 50, 'under way'),
      request(1_500, 10, 'meanwhile'),
      request(2_990, 50, 'sent meanwhile'),
      request(3_000, 50, 'after'),
      request(3_100, 50),
    ]
    assert.equal(failedOutside({ fromMs: 1_000, toMs: 3_000 }, requests), 2)
  })
})

describe('a ratio of latencies', () => {
  it('is not known where either is not', () => {
    assert.deepEqual([ratioOf(4, 2), ratioOf(null, 2), ratioOf(4, null), ratioOf(4, 0)], [2, null, null, null])
  })
})
