import assert from 'node:assert/strict'
import { checkHedges } from './check-hedges.ts'
import { checkMoves } from './check-moves.ts'
import { checkServedAgain } from './check-served-again.ts'

describe('the budget of hedges', () => {
  const budget = { shareMax: 0.05, windowMs: 1_000, burstMax: 1 }
  const everyMs = (ms: number, count: number) => Array.from({ length: count }, (_, at) => at * ms)

  it('is kept by one in twenty, and by a first one', () => {
    checkHedges({ firstMs: everyMs(10, 400), hedgesMs: everyMs(250, 16) }, budget)
    checkHedges({ firstMs: [0], hedgesMs: [1] }, budget)
  })

  it('is broken by one in ten, also when the whole run has few', () => {
    const firstMs = everyMs(10, 4_000)
    assert.throws(() => checkHedges({ firstMs, hedgesMs: everyMs(100, 40) }, budget), /hedges beside \d+ calls/)
    const together = everyMs(1, 8).map(ms => 20_000 + ms)
    assert.throws(() => checkHedges({ firstMs, hedgesMs: together }, budget), /8 hedges beside|7 hedges beside/)
  })
})

describe('the moves of shards', () => {
  const before = [
    ['a', 'b'],
    ['b', 'a'],
    ['a', 'b'],
    ['b', 'a'],
  ]

  it('are those to servers that did not have them; another order is none', () => {
    checkMoves(before, before, 0)
    checkMoves(
      before,
      [
        ['b', 'a'],
        ['b', 'c'],
        ['a', 'b'],
        ['b', 'c'],
      ],
      0.25,
    )
  })

  it('are too many when more than the share moves', () => {
    const after = [
      ['a', 'c'],
      ['b', 'c'],
      ['a', 'c'],
      ['b', 'a'],
    ]
    assert.throws(() => checkMoves(before, after, 0.25), /3 of 8 copies move, of 0.25 at most/)
  })
})

describe('that a shard is served again', () => {
  const run = { lossesMs: [1_000, 50_000], withinMs: 30_000 }

  it('may take the grace after any loss', () => {
    const unserved = [
      { atMs: 1_000, shard: 3 },
      { atMs: 31_000, shard: 3 },
      { atMs: 79_999, shard: 1 },
    ]
    checkServedAgain({ ...run, unserved })
  })

  it('may not take longer, nor be necessary before any', () => {
    for (const atMs of [31_001, 80_001, 999]) {
      const unserved = [{ atMs, shard: 3 }]
      assert.throws(() => checkServedAgain({ ...run, unserved }), /shard 3 is not served/)
    }
  })
})
