import assert from 'node:assert/strict'
import type { KeyRecord } from '@hypershard/access'
import { HypershardError } from '@hypershard/common'
import { KeyLimits } from './key-limits.ts'

function keyWith(limits: KeyRecord['limits'], id = 'a'.repeat(12)): KeyRecord {
  const usual = { name: 'shop', hash: '0'.repeat(64), created_at: '2026-01-01T00:00:00Z' }
  return { ...usual, id, scopes: ['search'], indexes: ['*'], limits }
}

function waitOf(work: () => unknown): unknown {
  try {
    work()
    return 0
  } catch (error) {
    assert.ok(error instanceof HypershardError && error.code === 'rate_limited')
    return error.details.retry_after_ms
  }
}

/** Time stands until it is moved. */
function standingClock() {
  let nowMs = 0
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    advance: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('the limits of keys', () => {
  it('let as many requests in a second as the key says, and tell when there is room again', () => {
    const clock = standingClock()
    const limits = new KeyLimits(clock)
    const key = keyWith({ requests_per_second: 2 })
    const waits = [1, 2, 3].map(() => waitOf(() => limits.takeRequest(key)))
    assert.deepEqual(waits, [0, 0, 500])
    assert.equal(
      waitOf(() => limits.takeRequest(keyWith({ requests_per_second: 2 }, 'b'.repeat(12)))),
      0,
    )
    clock.advance(500)
    assert.equal(
      waitOf(() => limits.takeRequest(key)),
      0,
    )
  })

  it('charge a search what is expected of it, and then what it has cost', () => {
    const clock = standingClock()
    const limits = new KeyLimits(clock)
    const key = keyWith({ gigaflops_per_second: 10 })
    limits.takeScoring(key, 8)(2)
    // 8 are left: too few for 9, and 100 are let pass once the bucket is full.
    assert.equal(
      waitOf(() => limits.takeScoring(key, 9)),
      100,
    )
    clock.advance(200)
    const settle = limits.takeScoring(key, 100)
    settle(40)
    assert.equal(
      waitOf(() => limits.takeScoring(key, 1)),
      3_100,
    )
  })

  it('take effect at once when the key is given others', () => {
    const limits = new KeyLimits(standingClock())
    assert.equal(
      waitOf(() => limits.takeRequest(keyWith({ requests_per_second: 1 }))),
      0,
    )
    assert.equal(
      waitOf(() => limits.takeRequest(keyWith({ requests_per_second: 1 }))),
      1_000,
    )
    assert.equal(
      waitOf(() => limits.takeRequest(keyWith({ requests_per_second: 5 }))),
      0,
    )
    assert.equal(
      waitOf(() => limits.takeRequest(keyWith(undefined))),
      0,
    )
  })

  it('are told in the fields of the draft', () => {
    const limits = new KeyLimits(standingClock())
    const key = keyWith({ requests_per_second: 0.5, gigaflops_per_second: 40 })
    limits.takeRequest(key)
    limits.takeScoring(key, 30)
    assert.deepEqual(limits.fieldsOf(key), {
      'ratelimit-policy': '"requests";q=1;w=2, "scoring-gigaflops";q=40;w=1',
      ratelimit: '"requests";r=0;t=2, "scoring-gigaflops";r=10;t=1',
    })
    assert.deepEqual(limits.fieldsOf(keyWith(undefined)), {})
  })
})
