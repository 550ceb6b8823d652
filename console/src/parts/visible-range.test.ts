import assert from 'node:assert/strict'
import fc from 'fast-check'
import { visibleRange } from './visible-range.ts'

describe('rows of a long list that are drawn', () => {
  it('are those that can be seen, and some around them', () => {
    assert.deepEqual(visibleRange({ top: 100, height: 600, rowHeight: 50, count: 1_000 }), { first: 0, end: 18 })
    assert.deepEqual(visibleRange({ top: -25_000, height: 600, rowHeight: 50, count: 1_000 }), { first: 492, end: 520 })
    assert.deepEqual(visibleRange({ top: -49_900, height: 600, rowHeight: 50, count: 1_000 }), {
      first: 990,
      end: 1_000,
    })
    assert.deepEqual(visibleRange({ top: 0, height: 600, rowHeight: 50, count: 3 }), { first: 0, end: 3 })
  })

  it('have every one that can be seen, wherever one has scrolled', () => {
    const cases = fc.record({
      top: fc.integer({ min: -100_000, max: 2_000 }),
      height: fc.integer({ min: 1, max: 3_000 }),
      rowHeight: fc.integer({ min: 10, max: 200 }),
      count: fc.integer({ min: 0, max: 1_000 }),
    })
    fc.assert(
      fc.property(cases, viewed => {
        const { first, end } = visibleRange(viewed)
        assert(first >= 0 && first <= end && end <= viewed.count)
        for (let row = 0; row < viewed.count; row++) {
          const above = viewed.top + row * viewed.rowHeight
          const seen = above < viewed.height && above + viewed.rowHeight > 0
          if (seen) assert(row >= first && row < end)
        }
      }),
    )
  })
})
